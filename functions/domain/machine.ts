import type { MemberState } from '#shared/contract/member.ts';
import type { CompleteReason, Leaving } from './drain.ts';
import { decideGone, decideLeave } from './drain.ts';
import { isLive } from './lease.ts';

/** What is to be done about a machine that waits in a lifecycle action, for all its members. */
export type MachineLeaveDecision<M extends Leaving> =
  /** Let it go; the reason is that of the member that least deserved it. */
  | { readonly kind: 'complete'; readonly reason: CompleteReason }
  /** Drain those, and look again. */
  | { readonly kind: 'wait'; readonly toDrain: readonly M[]; readonly extend: boolean };

/** The first that holds is told. */
const reasons: readonly CompleteReason[] = ['deadline', 'lost', 'drained', 'terminated'];

/** A machine goes when none of its members is worth waiting for (ADR 0030). */
export function decideMachineLeave<M extends Leaving>(
  members: readonly M[],
  nowMs: number,
): MachineLeaveDecision<M> {
  const decided = members.map((member) => ({ member, decision: decideLeave(member, nowMs) }));
  if (decided.every(({ decision }) => decision.kind === 'complete')) {
    const all = decided.flatMap(({ decision }) =>
      decision.kind === 'complete' ? [decision.reason] : [],
    );
    return { kind: 'complete', reason: reasons.find((one) => all.includes(one)) ?? 'not-a-member' };
  }
  return {
    kind: 'wait',
    toDrain: decided.flatMap(({ member, decision }) => (decision.kind === 'begin' ? [member] : [])),
    extend: decided.some(({ decision }) => decision.kind === 'wait' && decision.extend),
  };
}

/** What is to be done about the members of a machine that is gone. */
export interface MachineGoneDecision<M extends Leaving> {
  readonly toTerminate: readonly M[];
  /** The leases of others still stand: when the last of them is over. */
  readonly againMs: number | undefined;
}

export function decideMachineGone<M extends Leaving>(
  members: readonly M[],
  nowMs: number,
): MachineGoneDecision<M> {
  const toTerminate: M[] = [];
  const delaysMs: number[] = [];
  for (const member of members) {
    const decision = decideGone(member, nowMs);
    if (decision.kind === 'terminate') toTerminate.push(member);
    if (decision.kind === 'again') delaysMs.push(decision.delayMs);
  }
  return { toTerminate, againMs: delaysMs.length === 0 ? undefined : Math.max(...delaysMs) };
}

/**
 * Whether a machine with a lost member is of use: then that process is its machine's own to start
 * again, and the others are not taken from their clients for it.
 */
export function isInUse(
  members: readonly { readonly state: MemberState; readonly leaseExpiresMs: number }[],
  nowMs: number,
): boolean {
  return members.some((member) => isLive(member, nowMs));
}
