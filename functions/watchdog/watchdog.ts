import { unreachable } from '#shared/kernel/assert.ts';
import type { Clock } from '#shared/kernel/clock.ts';
import type { Log } from '#shared/kernel/log.ts';
import { decideWatch, mayCallLost } from '../domain/lease.ts';
import type { DelayQueue } from '../store/delay-queue.ts';
import type { Member } from '../store/member-store.ts';
import type { Stores } from '../store/stores.ts';
import { type WatchMessage, watchMessage } from '../store/watch-message.ts';

/** What the watchdog works with. */
export interface Watchdog {
  readonly stores: Stores;
  readonly queue: DelayQueue;
  readonly clock: Clock;
  readonly log: Log;
}

/** A lapsed member that may not be called lost yet is looked at again this soon. */
const lapsedAgainSeconds = 5;
/** The queue's longest delay; for more, the message goes round again. */
const delaySecondsMax = 900;

/**
 * Look at one member. Sending the message on is the last thing done: whatever fails before brings
 * this message back, so that a member is never unwatched, nor watched by more and more messages.
 */
export async function watch(watchdog: Watchdog, message: WatchMessage): Promise<void> {
  const { clock, queue, stores } = watchdog;
  const member = await stores.members.get(message.memberId);
  const decision = decideWatch(member, message.epoch, clock.nowMs());
  switch (decision.kind) {
    case 'again': {
      const delaySeconds = Math.min(decision.delayMs / 1_000, delaySecondsMax);
      const next = { memberId: message.memberId, epoch: decision.epoch };
      return queue.send(watchMessage.encode(next), delaySeconds);
    }
    case 'lapsed':
      return member === undefined ? undefined : watchLapsed(watchdog, member);
    case 'forget':
      return stores.members.forget(message.memberId, decision.epoch);
    case 'done':
      return undefined;
    default:
      return unreachable(decision);
  }
}

/** Sessions of the lost stay stored, and are known as dead by their epoch. */
async function watchLapsed({ clock, log, queue, stores }: Watchdog, member: Member): Promise<void> {
  const { memberId, epoch, sessions, hubs } = member;
  const others = await stores.members.getMany(await stores.members.ids());
  if (mayCallLost(member, others, clock.nowMs())) {
    const lost = await stores.members.markLost(memberId, epoch, clock.nowMs());
    if (lost) log.warn('member.lost', { member: memberId, epoch, sessions, hubs });
  }
  await queue.send(watchMessage.encode(member), lapsedAgainSeconds);
}
