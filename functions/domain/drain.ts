import type { MemberState } from '#shared/contract/member.ts';
import { isAlive, isLive, type Leaseholder } from './lease.ts';

/** Who wants a member to end. `machine-…`: its machine ends with it, whatever the member does. */
export const drainCauses = ['operator', 'machine-scaled-in', 'machine-interrupted'] as const;
export type DrainCause = (typeof drainCauses)[number];

/** A member draining for any cause is empty by then; an agent itself takes at most 30 s. */
export const drainLimitMs = 120_000;
/** EC2 interrupts a Spot machine two minutes after its notice. */
export const interruptionLimitMs = 100_000;

/** Machines do not come back, so a member on one that ends must not join anew when it is done. */
export function machineEnds(cause: DrainCause | undefined): boolean {
  return cause === 'machine-scaled-in' || cause === 'machine-interrupted';
}

export interface Drain {
  readonly deadlineMs: number;
  readonly cause: DrainCause;
}

/**
 * One drain asked for on top of another (I12): the earlier deadline stands, so that a repeated or
 * late request extends nothing (I7), and a machine that ends is the stronger cause.
 */
export function mergeDrain(current: Drain | undefined, wanted: Drain): Drain {
  if (current === undefined) return wanted;
  return {
    deadlineMs: Math.min(current.deadlineMs, wanted.deadlineMs),
    cause: machineEnds(current.cause) ? current.cause : wanted.cause,
  };
}

/** A member whose machine waits for it to be empty. */
export interface Leaving extends Pick<Leaseholder, 'leaseExpiresMs'> {
  readonly state: MemberState;
  readonly drainDeadlineMs?: number | undefined;
}

/** Why a machine need not wait any longer. */
export type CompleteReason = 'not-a-member' | 'drained' | 'lost' | 'terminated' | 'deadline';

/** What is to be done about a machine that waits in a lifecycle action. */
export type LeaveDecision =
  /** Let it go. */
  | { readonly kind: 'complete'; readonly reason: CompleteReason }
  /** It does not drain yet. */
  | { readonly kind: 'begin' }
  /** Look again; keep the machine waiting meanwhile, unless nothing is heard of its member. */
  | { readonly kind: 'wait'; readonly extend: boolean };

export function decideLeave(member: Leaving | undefined, nowMs: number): LeaveDecision {
  if (member === undefined) return { kind: 'complete', reason: 'not-a-member' };
  switch (member.state) {
    case 'drained':
    case 'lost':
    case 'terminated':
      return { kind: 'complete', reason: member.state };
    case 'joining':
    case 'active':
      return { kind: 'begin' };
    case 'draining':
      if (member.drainDeadlineMs === undefined) return { kind: 'begin' };
      if (member.drainDeadlineMs <= nowMs) return { kind: 'complete', reason: 'deadline' };
      return { kind: 'wait', extend: isLive(member, nowMs) };
  }
}

/** What is to be done about a member whose machine is gone. */
export type GoneDecision =
  | { readonly kind: 'terminate' }
  /** Its lease still stands: nobody may be told that its hubs are free before that is over (I1). */
  | { readonly kind: 'again'; readonly delayMs: number }
  | { readonly kind: 'done' };

export function decideGone(member: Leaving | undefined, nowMs: number): GoneDecision {
  if (member === undefined) return { kind: 'done' };
  if (!isAlive(member) || !isLive(member, nowMs)) return { kind: 'terminate' };
  return { kind: 'again', delayMs: member.leaseExpiresMs - nowMs };
}
