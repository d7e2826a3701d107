import type { MemberState } from '#shared/contract/member.ts';

/**
 * A machine boots, installs Node and the agent, and joins within a minute or two. One that takes
 * longer than this never will, and another is to be tried. Less than what the group itself waits:
 * should nobody decide, it goes on with the machine.
 */
export const arrivalLimitMs = 240_000;

/** What is to be done about a machine that waits to be counted in. */
export type ArrivalDecision =
  /** `missing`: so many of its members did not come, and were waited for. */
  | { readonly kind: 'count-in'; readonly missing: number }
  /** No member of it ever joined: end it, and have another launched. */
  | { readonly kind: 'abandon' }
  | { readonly kind: 'look-again' };

/**
 * A machine is in service when all its members are: an instance refresh takes an old machine for
 * each. Which that are, they say; a member that was active once counts, whatever became of it
 * since. When the time is up, a part of a machine is better than none: clients may be there.
 */
export function decideArrival(
  members: readonly { readonly state: MemberState; readonly processes?: number | undefined }[],
  sinceMs: number,
  nowMs: number,
): ArrivalDecision {
  const arrived = members.filter(({ state }) => state !== 'joining').length;
  const expected = Math.max(1, ...members.map(({ processes = 1 }) => processes));
  if (arrived >= expected) return { kind: 'count-in', missing: 0 };
  if (nowMs - sinceMs < arrivalLimitMs) return { kind: 'look-again' };
  return arrived > 0 ? { kind: 'count-in', missing: expected - arrived } : { kind: 'abandon' };
}
