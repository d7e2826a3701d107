import type { MemberState } from '#shared/contract/member.ts';
import { timing } from '#shared/contract/timing.ts';
import type { MemberId } from '#shared/kernel/ids.ts';

/** A member as far as its lease goes. All times are the control plane's own. */
export interface Leaseholder {
  readonly memberId: MemberId;
  readonly state: MemberState;
  readonly epoch: number;
  readonly leaseExpiresMs: number;
  /** Since when the lease has been renewed steadily: see {@link steadyMs}. */
  readonly heldSinceMs: number;
  /**
   * When the lease of the epoch before this one ends at the latest. A join may be a late copy of an
   * earlier one: then a process that holds the former epoch serves on until it is told.
   */
  readonly priorLeaseExpiresMs?: number | undefined;
}

const aliveStates: readonly MemberState[] = ['joining', 'active', 'draining'];

/** The member's epoch still stands, whatever its lease: it may renew. */
export function isAlive(member: Pick<Leaseholder, 'state'>): boolean {
  return aliveStates.includes(member.state);
}

/** The member holds its epoch and a lease now. */
export function isLive(
  member: Pick<Leaseholder, 'state' | 'leaseExpiresMs'>,
  nowMs: number,
): boolean {
  return isAlive(member) && member.leaseExpiresMs > nowMs;
}

/**
 * Renewals this far apart are a gap, whoever missed the others: the control plane may have been
 * away, and owners of hubs need time to come back as this member did. Two periods and what a call
 * may take.
 */
export const steadyMs = 2 * timing.heartbeatEveryMs + 500;

/**
 * A member whose renewals have a gap, or that has just joined, waits this long before it may take
 * over a lost member's hub: time for owners that served on through an outage of the control plane
 * to come back first, or to learn from this very member that the outage is over and fence (I10).
 */
export const takeoverGraceMs = timing.leaseTtlMs;

/**
 * Whether `candidate` may take over what `lost` hosted (I10). Only if it was renewed when the lost
 * member had been silent for so long that it would have been renewed too, had it been there: the
 * control plane was there for one and not for the other. Immediately, if it has been renewed
 * steadily since before the lost member's last heartbeat: then the lost member, which knew of the
 * candidate, has fenced. Otherwise after {@link takeoverGraceMs}.
 */
export function mayTakeOver(
  candidate: Pick<Leaseholder, 'heldSinceMs' | 'leaseExpiresMs'>,
  lost: Pick<Leaseholder, 'leaseExpiresMs'>,
  nowMs: number,
): boolean {
  if (candidate.leaseExpiresMs - lost.leaseExpiresMs < steadyMs) return false;
  const lastHeartbeatMs = lost.leaseExpiresMs - timing.leaseTtlMs;
  return (
    candidate.heldSinceMs <= lastHeartbeatMs || candidate.heldSinceMs + takeoverGraceMs <= nowMs
  );
}

/**
 * Whether a renewal at `nowMs` follows the one that gave the lease that ends at `leaseExpiresMs`.
 */
export function isSteady(leaseExpiresMs: number, nowMs: number): boolean {
  return nowMs - (leaseExpiresMs - timing.leaseTtlMs) <= steadyMs;
}

/** How long a lost member stays listed, so that operators see what happened. */
export const lostListedMs = 3_600_000;
/**
 * A lost member's machine is replaced after this long: one that comes back within it, and joins
 * anew, keeps its machine.
 */
export const replacedAfterMs = 60_000;
/** Looked at this long after a lease should have ended. */
const watchMarginMs = 1_000;

/** What the watchdog does about one member, asked for at `watchedEpoch`. */
export type WatchDecision =
  | { readonly kind: 'again'; readonly epoch: number; readonly delayMs: number }
  /** Its lease ran out: see {@link mayCallLost}. */
  | { readonly kind: 'lapsed' }
  /** It was called lost. `isNews`: since this watch last looked. */
  | {
      readonly kind: 'lost';
      readonly epoch: number;
      readonly delayMs: number;
      readonly isNews: boolean;
      readonly isToBeReplaced: boolean;
    }
  /** Strike it off the list of members. */
  | { readonly kind: 'forget'; readonly epoch: number }
  /** Gone, or watched by the message of a later join. */
  | { readonly kind: 'done' };

export function decideWatch(
  member: Leaseholder | undefined,
  watchedEpoch: number,
  nowMs: number,
): WatchDecision {
  if (member === undefined) return { kind: 'done' };
  // A loss ends the epoch; the watch that knew the member alive goes on over its last hour.
  const sameLife =
    member.epoch === watchedEpoch || (member.state === 'lost' && member.epoch === watchedEpoch + 1);
  if (!sameLife) return { kind: 'done' };
  if (isAlive(member)) {
    if (member.leaseExpiresMs <= nowMs) return { kind: 'lapsed' };
    return again(member, member.leaseExpiresMs - nowMs);
  }
  const listedUntilMs = member.leaseExpiresMs + lostListedMs;
  if (member.state !== 'lost' || listedUntilMs <= nowMs) {
    return { kind: 'forget', epoch: member.epoch };
  }
  const replacedAtMs = member.leaseExpiresMs + replacedAfterMs;
  const isToBeReplaced = replacedAtMs <= nowMs;
  const { delayMs } = again(member, (isToBeReplaced ? listedUntilMs : replacedAtMs) - nowMs);
  const isNews = member.epoch !== watchedEpoch;
  return { kind: 'lost', epoch: member.epoch, delayMs, isNews, isToBeReplaced };
}

/**
 * Whether a member whose lease ran out may be called lost though nobody asks for its hubs. A loss
 * ends its epoch, and with it what it serves: so only if another member shows that the control
 * plane was there to be reached (I10), or if it has stayed away for very long.
 */
export function mayCallLost(
  member: Leaseholder,
  others: readonly Leaseholder[],
  nowMs: number,
): boolean {
  const missed = others.some(
    (other) =>
      other.memberId !== member.memberId &&
      isLive(other, nowMs) &&
      mayTakeOver(other, member, nowMs),
  );
  return missed || member.leaseExpiresMs + lostListedMs <= nowMs;
}

function again(
  member: Leaseholder,
  remainingMs: number,
): Extract<WatchDecision, { kind: 'again' }> {
  return { kind: 'again', epoch: member.epoch, delayMs: remainingMs + watchMarginMs };
}
