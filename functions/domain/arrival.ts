import type { MemberState } from '#shared/contract/member.ts';

/**
 * A machine boots, installs Node and the agent, and joins within a minute or two. One that takes
 * longer than this never will, and another is to be tried. Less than what the group itself waits:
 * should nobody decide, it goes on with the machine.
 */
export const arrivalLimitMs = 240_000;

/** What is to be done about a machine that waits to be counted in. */
export type ArrivalDecision =
  | { readonly kind: 'count-in' }
  /** Its member never joined: end it, and have another launched. */
  | { readonly kind: 'abandon' }
  | { readonly kind: 'look-again' };

/** A member that was active once is in service, whatever became of it since. */
export function decideArrival(
  member: { readonly state: MemberState } | undefined,
  sinceMs: number,
  nowMs: number,
): ArrivalDecision {
  if (member !== undefined && member.state !== 'joining') return { kind: 'count-in' };
  return { kind: nowMs - sinceMs >= arrivalLimitMs ? 'abandon' : 'look-again' };
}
