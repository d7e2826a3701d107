import { timing } from '#shared/contract/timing.ts';
import { assert } from '#shared/kernel/assert.ts';
import type { MemberId } from '#shared/kernel/ids.ts';
import { isAlive, isLive, type Leaseholder, lostListedMs, mayCallLost } from './lease.ts';
import { roundsPerChain } from './watch-chain.ts';

/** The sweeper does what the watchdog should have done this long before. */
export const backstopMs = 30_000;
/**
 * A watch takes another name within half of this while its member is well (see `watch-chain.ts`),
 * and every four minutes when it is lost: one that was given up, in an outage of the store say,
 * does not.
 */
const unwatchedMs = 2 * roundsPerChain * (timing.leaseTtlMs + 1_000);
/** A draining member is still there this long after its deadline: it does not do as it is told. */
const overdueMs = 60_000;
/**
 * A session's record, or what is left of it, is kept this long after it was told last: requests
 * and invocations that told of its beginning are long over by then.
 */
export const endedKeptMs = 180_000;
/**
 * A login is counted with the first record of its session, if that is written this soon after the
 * login. Some record of it is stored for longer than that, so none is counted twice; a session that
 * lived on where nobody heard of it, was struck out and is told again, is not news.
 */
export const loginCountedMs = 120_000;
/** An invocation that counts may have looked at its clock this long before it writes. */
const invocationMs = 30_000;
assert(loginCountedMs + invocationMs < endedKeptMs, 'what was counted is still known');
/** Members that joined anew have told all their surviving sessions by then. */
const survivorsToldMs = 30_000;

export interface Swept extends Leaseholder {
  readonly joinedMs: number;
  readonly drainDeadlineMs?: number | undefined;
  readonly watchedMs?: number | undefined;
}

/** What the sweeper does about a listed member. */
export type SweepDecision =
  /** No watchdog message caught it: call it lost, and put it under watch again. */
  | 'call-lost'
  /** Its watch has not been heard of, whether it is well or lost: put it under watch again. */
  | 'watch'
  /** It ended; strike it off the list. */
  | 'forget'
  /** Its drain should be over: have its machine replaced (I7). */
  | 'replace';

export function decideSweep(
  member: Swept,
  others: readonly Leaseholder[],
  nowMs: number,
): SweepDecision | undefined {
  const dueMs = nowMs - backstopMs;
  if (!isAlive(member)) {
    const listedUntilMs = member.leaseExpiresMs + (member.state === 'lost' ? lostListedMs : 0);
    if (listedUntilMs <= dueMs) return 'forget';
    return member.state === 'lost' && isUnwatched(member, nowMs) ? 'watch' : undefined;
  }
  if (member.leaseExpiresMs <= dueMs) {
    return mayCallLost(member, others, nowMs) ? 'call-lost' : undefined;
  }
  const { drainDeadlineMs } = member;
  const isOverdue =
    member.state === 'draining' &&
    drainDeadlineMs !== undefined &&
    drainDeadlineMs + overdueMs <= nowMs &&
    isLive(member, nowMs);
  if (isOverdue) return 'replace';
  return isUnwatched(member, nowMs) && isLive(member, nowMs) ? 'watch' : undefined;
}

function isUnwatched({ joinedMs, watchedMs = joinedMs }: Swept, nowMs: number): boolean {
  return watchedMs + unwatchedMs <= nowMs;
}

/** A member that joined anew may have left sessions of its last epoch behind. */
export function leftSessionsBehind(member: Swept, sinceMs: number, nowMs: number): boolean {
  const toldMs = member.joinedMs + survivorsToldMs;
  return isAlive(member) && member.epoch > 1 && sinceMs < toldMs && toldMs <= nowMs;
}

/** A stored session, or what is left of it. */
export interface SweptSession {
  readonly memberId: MemberId;
  readonly memberEpoch: number;
  /** When it was told last. */
  readonly toldMs?: number | undefined;
  readonly endedMs?: number | undefined;
}

/** What a walk does about it. `look-again`: it is over, and it is too early to strike it out. */
export type SessionFate = 'keep' | 'strike' | 'look-again';

/**
 * Whether a stored session is over though nobody said so. One of a member's earlier epoch may have
 * survived, and is told again at the new one.
 */
export function fateOf(
  { memberEpoch, toldMs = 0, endedMs }: SweptSession,
  member: Swept | undefined,
  nowMs: number,
): SessionFate {
  if (endedMs !== undefined) return endedMs + endedKeptMs <= nowMs ? 'strike' : 'keep';
  const isOver =
    member === undefined ||
    !isAlive(member) ||
    (memberEpoch < member.epoch && member.joinedMs + survivorsToldMs <= nowMs);
  if (!isOver) return 'keep';
  return toldMs + endedKeptMs <= nowMs ? 'strike' : 'look-again';
}

/** Whether the first record of a session is that of a login nobody has counted. */
export function countsAsLogin(issuedMs: number | undefined, nowMs: number): boolean {
  return issuedMs === undefined || nowMs < issuedMs + loginCountedMs;
}
