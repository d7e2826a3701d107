import type { HubKind } from '#shared/contract/hub.ts';
import type { MemberId } from '#shared/kernel/ids.ts';
import type { Random } from '#shared/kernel/random.ts';
import { type ErrorCode, errorCode } from '#shared/wire/error-code.ts';
import { isLive, type Leaseholder, mayTakeOver } from './lease.ts';
import { type PlacementRecord, standingOf } from './placement.ts';
import { inrushLeft, type Loaded, pointOf, select, withinInrush } from './selection.ts';
import { isOnTrial, isSuspected, outOfReach, type Trial, trusted } from './suspicion.ts';

/** A member as admission sees it. */
export interface Candidate extends Leaseholder, Loaded, Trial {
  /** What may still be admitted before its next heartbeat. */
  readonly headroom: number;
  /** What has been admitted since its last one. */
  readonly reservedNew: number;
}

/**
 * Most admissions between two heartbeats of a member, which are 2 s apart or less: each client
 * costs it a TLS handshake and a question to the control plane. A member that falls behind with
 * its heartbeats is sent nobody until it has caught up.
 */
export const admissionsPerHeartbeatMax = 250;

export interface AdmissionInput<M extends Candidate, P extends PlacementRecord> {
  readonly hubKind: HubKind;
  /** Of a dynamic hub, as stored. */
  readonly placement: P | undefined;
  /** The placement's member, as stored. */
  readonly owner: M | undefined;
  /** Everyone, or a sample. Not looked at while a dynamic hub follows its placement. */
  readonly members: readonly M[];
  /** Where this client was sent a moment ago, and was not seen. */
  readonly inVain?: ReadonlySet<MemberId>;
  /** The one of them that was read last, after a reservation was refused. */
  readonly latest?: MemberId | undefined;
  /** Others were faster too often: settle for a good member instead of the best. */
  readonly hurried: boolean;
}

export type AdmissionDecision<M extends Candidate, P extends PlacementRecord> =
  | {
      readonly kind: 'redirect';
      readonly member: M;
      readonly reason: 'least-loaded' | 'placement-live' | 'placement-claimed';
      /** As many others may be admitted there meanwhile and it is still as good a choice. */
      readonly margin: number;
      /** To be written before the redirect, in this order: the loss, the claim, the reservation. */
      readonly claim?: {
        readonly seen: P | undefined;
        readonly lapsed: M | undefined;
        /** Sessions expected beyond the one that asks; to be counted against the member. */
        readonly expected: number;
      };
      readonly considered: readonly Considered[];
    }
  | {
      readonly kind: 'reject';
      readonly code: ErrorCode;
      readonly reason: AdmissionReason;
      readonly considered: readonly Considered[];
    };

export type AdmissionReason =
  | 'no-member' // none is active with a lease
  | 'no-headroom' // all that are active are full
  | 'takeover-grace' // the hub's member was lost and nobody may take over yet
  | 'member-draining'
  | 'hub-releasing'
  | 'admission-rate' // everybody, or the one who has the hub, is being sent enough
  | 'not-reached' // a dynamic hub is where this client could not get to just now
  | 'member-full'; // a dynamic hub is in one place, and that place is full

export const verdicts = [
  'eligible',
  'inrush', // would do, but enough clients are on their way to it
  'not-active',
  'lease-over',
  'suspected', // would do, but nobody who was sent there came
  'not-reached', // would do, but this client was sent there and did not come
  'admission-rate',
  'no-headroom',
  'takeover-grace',
] as const;
type Verdict = (typeof verdicts)[number];

/** Why a member was or was not chosen: the answer to "why was this user put there?" */
export interface Considered {
  readonly member: MemberId;
  readonly verdict: Verdict;
  readonly point: number;
  readonly sessions: number;
  readonly reserved: number;
  /** Sessions its dynamic hubs usually have beyond those. */
  readonly awaited: number;
}

/**
 * Where a login goes (protocol/04 §5). A dynamic hub follows its placement while that is live. All
 * refusals are error 49: the client is back after its retry interval, not after 60 s. A full member
 * refuses here too, unlike a genuine one: capacity is a limit.
 */
export function decideAdmission<M extends Candidate, P extends PlacementRecord>(
  input: AdmissionInput<M, P>,
  nowMs: number,
  random: Random,
): AdmissionDecision<M, P> {
  if (input.hubKind === 'static') {
    return choose(input, undefined, nowMs, random);
  }
  const standing = standingOf(input.placement, input.owner, nowMs);
  switch (standing.kind) {
    case 'live':
      return follow(standing.owner, input.inVain);
    case 'ending':
      return reject(standing.reason, []);
    case 'free':
      return claim(input, undefined, undefined, nowMs, random);
    case 'rejoined': {
      const members = [standing.owner];
      return claim({ ...input, members }, undefined, undefined, nowMs, random);
    }
    case 'orphaned':
      return claim(input, standing.lost, undefined, nowMs, random);
    case 'lapsed':
      return claim(input, standing.lost, standing.lost, nowMs, random);
  }
}

function follow<M extends Candidate, P extends PlacementRecord>(
  owner: M,
  inVain: ReadonlySet<MemberId> | undefined,
): AdmissionDecision<M, P> {
  const verdict = judgeRoom(owner) ?? (inVain?.has(owner.memberId) ? 'not-reached' : 'eligible');
  const considered = [consideredOf(owner, verdict)];
  if (verdict === 'no-headroom') return reject('member-full', considered);
  if (verdict !== 'eligible') return reject(verdict, considered);
  const margin = owner.capacity; // there is no other
  return { kind: 'redirect', member: owner, reason: 'placement-live', margin, considered };
}

function claim<M extends Candidate, P extends PlacementRecord>(
  input: AdmissionInput<M, P>,
  lost: M | undefined,
  lapsed: M | undefined,
  nowMs: number,
  random: Random,
): AdmissionDecision<M, P> {
  const expected = Math.max((input.placement?.usual ?? 1) - 1, 0);
  const decision = choose(input, lost, nowMs, random, expected);
  if (decision.kind === 'reject') return decision;
  return {
    ...decision,
    reason: 'placement-claimed',
    claim: { seen: input.placement, lapsed, expected },
  };
}

function choose<M extends Candidate, P extends PlacementRecord>(
  input: AdmissionInput<M, P>,
  lost: M | undefined,
  nowMs: number,
  random: Random,
  expected = 0,
): AdmissionDecision<M, P> {
  const judged = input.members.map((member) => ({ member, verdict: judge(member, lost, nowMs) }));
  const eligible = judged.filter((one) => one.verdict === 'eligible').map((one) => one.member);
  const inVain = outOfReach(input.inVain ?? nowhere, eligible);
  const able = trusted(eligible, inVain, nowMs);
  const calm = withinInrush(able);
  const { latest, hurried } = input;
  const choice = select(calm, { expected, latest, hurried }, random);
  const considered = judged.map(({ member: one, verdict }) =>
    consideredOf(one, verdict === 'eligible' ? passedOver(one) : verdict),
  );
  if (choice !== undefined) {
    const { member } = choice;
    const margin = isOnTrial(member) ? 0 : Math.min(choice.margin, inrushLeft(able)(member));
    return { kind: 'redirect', member, reason: 'least-loaded', margin, considered };
  }
  const verdicts = new Set(judged.map((one) => one.verdict));
  if (verdicts.has('takeover-grace')) return reject('takeover-grace', considered);
  if (verdicts.has('admission-rate')) return reject('admission-rate', considered);
  return reject(verdicts.has('no-headroom') ? 'no-headroom' : 'no-member', considered);

  function passedOver(one: M): Verdict {
    if (calm.includes(one)) return 'eligible';
    if (able.includes(one)) return 'inrush';
    return inVain.has(one.memberId) && !isSuspected(one, nowMs) ? 'not-reached' : 'suspected';
  }
}

const nowhere: ReadonlySet<MemberId> = new Set();

function judge(member: Candidate, lost: Candidate | undefined, nowMs: number): Verdict {
  if (member.state !== 'active') return 'not-active';
  if (!isLive(member, nowMs)) return 'lease-over';
  const full = judgeRoom(member);
  if (full !== undefined) return full;
  if (lost !== undefined && !mayTakeOver(member, lost, nowMs)) return 'takeover-grace';
  return 'eligible';
}

function judgeRoom(member: Candidate): 'no-headroom' | 'admission-rate' | undefined {
  if (member.headroom <= 0) return 'no-headroom';
  return member.reservedNew >= admissionsPerHeartbeatMax ? 'admission-rate' : undefined;
}

function reject<M extends Candidate, P extends PlacementRecord>(
  reason: AdmissionReason,
  considered: readonly Considered[],
): AdmissionDecision<M, P> {
  return { kind: 'reject', code: errorCode.noMemberForHub, reason, considered };
}

function consideredOf(member: Candidate, verdict: Verdict): Considered {
  return {
    member: member.memberId,
    verdict,
    point: pointOf(member),
    sessions: member.sessions,
    reserved: member.reserved,
    awaited: (member.awaited ?? 0) + (member.pledged ?? 0),
  };
}
