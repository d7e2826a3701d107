import type { MemberId } from '#shared/kernel/ids.ts';
import {
  type AdmissionDecision,
  type AdmissionInput,
  decideAdmission,
} from '../domain/admission.ts';
import type { Member } from '../store/member-store.ts';
import type { Placement } from '../store/placement-store.ts';
import type { FrontDoor } from './front-door.ts';

type Input = AdmissionInput<Member, Placement>;
type Decision = AdmissionDecision<Member, Placement>;
type Redirect = Extract<Decision, { kind: 'redirect' }>;

/** A hub that brings fewer sessions is pledged with its first client's reservation. */
export const pledgedFirstMin = 16;
/** Lost races before a large hub is put where it seemed best. */
export const pledgeTriesMax = 3;

/**
 * Before a hub that usually has many sessions is claimed, they are counted against its member, on
 * condition that nothing was promised to that member meanwhile. Two large hubs that are claimed in
 * the same moment, as after the loss of a member, would otherwise meet on whichever member seemed
 * the least loaded, and stay there. If the claim then fails, the pledge is forgotten within two
 * heartbeats.
 */
export async function pledgeBest(
  { clock, random, stores }: FrontDoor,
  input: Input,
  first: Redirect,
): Promise<Redirect> {
  let best = first;
  let members = input.members;
  for (let tries = 1; tries <= pledgeTriesMax; tries += 1) {
    const { claim, member } = best;
    if (claim === undefined || claim.expected < pledgedFirstMin) return best;
    const pledge = await stores.members.pledge(member, claim.expected);
    if (pledge.kind === 'pledged') return { ...best, claim: { ...claim, expected: 0 } };
    members = replaced(members, member.memberId, pledge.current);
    const again: Input = { ...input, members, latest: member.memberId };
    const decision: Decision = decideAdmission(again, clock.nowMs(), random);
    if (decision.kind === 'reject') return best;
    best = decision;
  }
  return best;
}

function replaced(
  members: readonly Member[],
  id: MemberId,
  current: Member | undefined,
): readonly Member[] {
  const others = members.filter((member) => member.memberId !== id);
  return current === undefined ? others : [...others, current];
}
