import type { MemberId } from '#shared/kernel/ids.ts';
import {
  type AdmissionDecision,
  type AdmissionInput,
  type Considered,
  decideAdmission,
} from '../domain/admission.ts';
import { standingOf } from '../domain/placement.ts';
import { wasInVain } from '../domain/suspicion.ts';
import type { Hub } from '../store/hub-store.ts';
import type { Member } from '../store/member-store.ts';
import type { Placement } from '../store/placement-store.ts';
import { callIfNobodyIsThere } from './calling.ts';
import type { FrontDoor } from './front-door.ts';
import { pledgeBest } from './pledging.ts';

/** Everything is read again after a lost race; then the client is sent away for some seconds. */
const roundsMax = 3;
/** Lost races for the best member before a good one will do. */
export const exactReservationsMax = 8;
/** Attempts to find a good one. */
export const hurriedReservationsMax = 3;
/**
 * Members looked at for one decision; all of a fleet that has no more. The least loaded of 16 drawn
 * by chance is as good as the least loaded of a thousand within a few sessions (`bench:placement`),
 * and reading them costs the same however large the fleet is.
 */
export const candidatesMax = 16;
/** Looked at before a login is rejected because no candidate will do. */
const widerCandidatesMax = 96;

interface Input extends AdmissionInput<Member, Placement> {
  /** See `clientTag`; remembered with the place that is taken for it. */
  readonly client: string;
}
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
export async function admit(frontDoor: FrontDoor, hub: Hub, client = ''): Promise<Admission> {
  for (let rounds = 1; rounds <= roundsMax; rounds += 1) {
    const outcome = await attempt(frontDoor, hub, await load(frontDoor, hub, client));
    if (outcome === 'raced') continue;
    return { ...outcome, rounds };
  }
  return { kind: 'contended', rounds: roundsMax };
}

/** Everybody's state is read only where somebody must be chosen. */
async function load(frontDoor: FrontDoor, hub: Hub, client: string): Promise<Input> {
  const { clock, stores } = frontDoor;
  const nowMs = clock.nowMs();
  if (hub.kind === 'static') {
    const members = await drawn(frontDoor, candidatesMax);
    return inputOf(hub, client, nowMs, { placement: undefined, owner: undefined, members });
  }
  const placement = await stores.placements.get(hub.name);
  const owner = placement && (await stores.members.get(placement.memberId));
  const { kind } = standingOf(placement, owner, nowMs);
  const settled = kind === 'live' || kind === 'ending';
  const members = settled ? [] : await drawn(frontDoor, candidatesMax);
  return inputOf(hub, client, nowMs, { placement, owner, members });
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
  client: string,
  nowMs: number,
  loaded: Pick<Input, 'placement' | 'owner' | 'members'>,
): Input {
  const { owner, members } = loaded;
  const inVain = inVainAt(owner === undefined ? members : [owner, ...members], client, nowMs);
  return { hubKind: hub.kind, client, ...loaded, inVain, hurried: false };
}

/** Where this client was sent a moment ago, and was not seen. */
function inVainAt(
  members: readonly Member[],
  client: string,
  nowMs: number,
): ReadonlySet<MemberId> {
  const those = members.filter(({ sent = {} }) => wasInVain(sent, client, nowMs));
  return new Set(those.map((member) => member.memberId));
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
  if (decision.kind === 'reject') {
    if (decision.reason === 'no-member') await callIfNobodyIsThere(frontDoor, input.members);
    const { owner, client } = input;
    // Said once: the next attempt is sent there again, for all that is known it may work.
    if (decision.reason === 'not-reached' && owner !== undefined) {
      await frontDoor.stores.members.forgetSent(owner, client);
    }
    return decision;
  }
  if (decision.claim !== undefined) {
    return claim(frontDoor, hub, input, await pledgeBest(frontDoor, input, decision));
  }
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
  const inVain = inVainAt(members, input.client, clock.nowMs());
  return decideAdmission({ ...input, members, inVain }, clock.nowMs(), random);
}

async function follow(
  { clock, stores }: FrontDoor,
  input: Input,
  decision: Redirect,
): Promise<Attempt | 'raced'> {
  const { member } = decision;
  const { memberId, epoch } = member;
  const { client } = input;
  const reserved = await stores.members.reserve(memberId, epoch, clock.nowMs(), { client });
  if (reserved.kind === 'refused') return 'raced';
  return admitted(decision, input.placement);
}

async function claim(
  { clock, log, stores }: FrontDoor,
  hub: Hub,
  { client }: Input,
  decision: Redirect,
): Promise<Attempt | 'raced'> {
  const { member } = decision;
  const { seen, lapsed, expected = 0 } = decision.claim ?? {};
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
    usual: seen?.usual,
  });
  const { memberId, epoch } = member;
  const wish = { expected, client };
  const reserved = await stores.members.reserve(memberId, epoch, clock.nowMs(), wish);
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
    const { memberId, epoch, seq, reserved: seen } = member;
    const asSeen = { seq, reserved: seen + decision.margin };
    const wish = { client: input.client, ...(exact && { asSeen }) };
    const reserved = await stores.members.reserve(memberId, epoch, clock.nowMs(), wish);
    if (reserved.kind === 'reserved') return admitted(decision, undefined);
    if (tries === exactReservationsMax + hurriedReservationsMax) return 'raced';
    members = members.flatMap((known) => {
      if (known.memberId !== member.memberId) return [known];
      return reserved.current === undefined ? [] : [reserved.current];
    });
    const hurried = tries >= exactReservationsMax;
    const latest = memberId;
    decision = decideAdmission({ ...input, members, latest, hurried }, clock.nowMs(), random);
  }
  return decision;
}

function admitted(decision: Redirect, placement: Placement | undefined): Attempt {
  const { member, reason, considered } = decision;
  const placementEpoch = placement?.epoch ?? 0;
  return { kind: 'admitted', member, placementEpoch, usual: placement?.usual, reason, considered };
}
