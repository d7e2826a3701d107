import {
  type AdmissionDecision,
  type AdmissionInput,
  type Considered,
  decideAdmission,
} from '../domain/admission.ts';
import { standingOf } from '../domain/placement.ts';
import type { Hub } from '../store/hub-store.ts';
import type { Member } from '../store/member-store.ts';
import type { Placement } from '../store/placement-store.ts';
import type { FrontDoor } from './front-door.ts';

/** Everything is read again after a lost race; then the client is sent away for some seconds. */
const roundsMax = 3;
/** Lost races for the best member before a good one will do. */
const exactReservationsMax = 8;
/** Attempts to find a good one. */
const hurriedReservationsMax = 3;
/**
 * Members looked at for one decision; all of a fleet that has no more. The least loaded of 16 drawn
 * by chance is as good as the least loaded of a thousand within a few sessions (`bench:placement`),
 * and reading them costs the same however large the fleet is.
 */
export const candidatesMax = 16;
/** Looked at before a login is rejected because no candidate will do. */
const widerCandidatesMax = 96;

type Input = AdmissionInput<Member, Placement>;
type Decision = AdmissionDecision<Member, Placement>;
type Redirect = Extract<Decision, { kind: 'redirect' }>;

export type Admission =
  | {
      readonly kind: 'admitted';
      readonly member: Member;
      /** 0 for a static hub. */
      readonly placementEpoch: number;
      /** Sessions a dynamic hub usually has. */
      readonly usual: number | undefined;
      readonly reason: Redirect['reason'];
      readonly considered: readonly Considered[];
      readonly rounds: number;
    }
  | (Extract<Decision, { kind: 'reject' }> & { readonly rounds: number })
  | { readonly kind: 'contended'; readonly rounds: number };

/**
 * Decide where a login goes and commit it: the claim of a dynamic hub, then one place on the
 * member. An invocation that dies in between leaves a claim any client may use, and a reservation
 * that is forgotten within two heartbeats.
 */
export async function admit(frontDoor: FrontDoor, hub: Hub): Promise<Admission> {
  for (let rounds = 1; rounds <= roundsMax; rounds += 1) {
    const outcome = await attempt(frontDoor, hub, await load(frontDoor, hub));
    if (outcome === 'raced') continue;
    return { ...outcome, rounds };
  }
  return { kind: 'contended', rounds: roundsMax };
}

/** Everybody's state is read only where somebody must be chosen. */
async function load(frontDoor: FrontDoor, hub: Hub): Promise<Input> {
  const { clock, stores } = frontDoor;
  if (hub.kind === 'static') {
    return inputOf(hub, undefined, undefined, await drawn(frontDoor, candidatesMax));
  }
  const placement = await stores.placements.get(hub.name);
  const owner = placement && (await stores.members.get(placement.memberId));
  const { kind } = standingOf(placement, owner, clock.nowMs());
  const settled = kind === 'live' || kind === 'ending';
  return inputOf(hub, placement, owner, settled ? [] : await drawn(frontDoor, candidatesMax));
}

async function drawn(
  { clock, random, stores }: FrontDoor,
  size: number,
): Promise<readonly Member[]> {
  const { members } = await stores.members.sample(size, clock.nowMs(), random);
  return members;
}

function inputOf(
  hub: Hub,
  placement: Placement | undefined,
  owner: Member | undefined,
  members: readonly Member[],
): Input {
  return { hubKind: hub.kind, placement, owner, members, hurried: false };
}

type Attempt =
  Exclude<Admission, { kind: 'contended' }> extends infer A
    ? A extends { rounds: number }
      ? Omit<A, 'rounds'>
      : never
    : never;

async function attempt(frontDoor: FrontDoor, hub: Hub, input: Input): Promise<Attempt | 'raced'> {
  const { clock, random } = frontDoor;
  const first = decideAdmission(input, clock.nowMs(), random);
  const decision = first.kind === 'reject' ? await reconsider(frontDoor, input, first) : first;
  if (decision.kind === 'reject') return decision;
  if (decision.claim !== undefined) return claim(frontDoor, hub, decision, decision.claim);
  if (decision.reason === 'placement-live') return follow(frontDoor, input, decision);
  return reserveBest(frontDoor, input, decision);
}

/** Before a login is rejected for lack of members, more of a large fleet are looked at. */
async function reconsider(
  frontDoor: FrontDoor,
  input: Input,
  rejected: Extract<Decision, { kind: 'reject' }>,
): Promise<Decision> {
  const { clock, random } = frontDoor;
  if (input.members.length < candidatesMax) return rejected;
  const members = await drawn(frontDoor, widerCandidatesMax);
  return decideAdmission({ ...input, members }, clock.nowMs(), random);
}

async function follow(
  { clock, stores }: FrontDoor,
  input: Input,
  decision: Redirect,
): Promise<Attempt | 'raced'> {
  const { member } = decision;
  const reserved = await stores.members.reserve(member.memberId, member.epoch, clock.nowMs());
  if (reserved.kind === 'refused') return 'raced';
  return admitted(decision, input.placement);
}

async function claim(
  { clock, log, stores }: FrontDoor,
  hub: Hub,
  decision: Redirect,
  { seen, lapsed, expected }: NonNullable<Redirect['claim']>,
): Promise<Attempt | 'raced'> {
  const { member } = decision;
  if (lapsed !== undefined) {
    const lost = await stores.members.markLost(lapsed.memberId, lapsed.epoch, clock.nowMs());
    if (!lost) return 'raced';
    log.warn('member.lost', { member: lapsed.memberId, epoch: lapsed.epoch, noticedBy: 'login' });
  }
  const claimed = await stores.placements.claim(hub.name, seen, member, clock.nowMs());
  if (claimed.kind === 'refused') return 'raced';
  log.info('placement.claimed', {
    hub: hub.name,
    member: member.memberId,
    epoch: claimed.placement.epoch,
    previousMember: seen?.memberId,
    expected,
  });
  const reserved = await stores.members.reserve(
    member.memberId,
    member.epoch,
    clock.nowMs(),
    undefined,
    expected,
  );
  if (reserved.kind === 'refused') return 'raced';
  return admitted(decision, claimed.placement);
}

/**
 * Take one place on the best member of a static hub. Whoever is refused has learned the load of
 * that member as it is now, and decides again upon it without reading the others anew: if it is
 * still as good as any, it is the one most likely to be as it seems.
 */
async function reserveBest(
  { clock, random, stores }: FrontDoor,
  input: Input,
  first: Redirect,
): Promise<Attempt | 'raced'> {
  let decision: Decision = first;
  let members = input.members;
  for (let tries = 1; decision.kind === 'redirect'; tries += 1) {
    const member: Member = decision.member;
    const exact = tries <= exactReservationsMax;
    const reserved = await stores.members.reserve(
      member.memberId,
      member.epoch,
      clock.nowMs(),
      exact ? member : undefined,
    );
    if (reserved.kind === 'reserved') return admitted(decision, undefined);
    if (tries === exactReservationsMax + hurriedReservationsMax) return 'raced';
    members = members.flatMap((known) => {
      if (known.memberId !== member.memberId) return [known];
      return reserved.current === undefined ? [] : [reserved.current];
    });
    const hurried = tries >= exactReservationsMax;
    const latest = member.memberId;
    decision = decideAdmission({ ...input, members, latest, hurried }, clock.nowMs(), random);
  }
  return decision;
}

function admitted(decision: Redirect, placement: Placement | undefined): Attempt {
  const { member, reason, considered } = decision;
  const placementEpoch = placement?.epoch ?? 0;
  return { kind: 'admitted', member, placementEpoch, usual: placement?.usual, reason, considered };
}
