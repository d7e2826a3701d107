import { unreachable } from '#shared/kernel/assert.ts';
import type { Clock } from '#shared/kernel/clock.ts';
import type { MemberId } from '#shared/kernel/ids.ts';
import type { Log } from '#shared/kernel/log.ts';
import { decideWatch, mayCallLost } from '../domain/lease.ts';
import type { DelayQueue } from '../store/delay-queue.ts';
import type { MachineGroup } from '../store/machine-group.ts';
import type { Member } from '../store/member-store.ts';
import type { Stores } from '../store/stores.ts';
import { type WatchMessage, watchMessage } from '../store/watch-message.ts';

/** What the watchdog works with. */
export interface Watchdog {
  readonly stores: Stores;
  readonly group: MachineGroup;
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
    case 'again':
      return lookAgain(queue, message.memberId, decision);
    case 'lapsed':
      return member === undefined ? undefined : watchLapsed(watchdog, member);
    case 'lost':
      if (decision.isNews) await stores.sweeps.request();
      if (decision.isToBeReplaced) await haveReplaced(watchdog, message.memberId);
      return lookAgain(queue, message.memberId, decision);
    case 'forget':
      await stores.sweeps.request();
      return stores.members.forget(message.memberId, decision.epoch);
    case 'done':
      return undefined;
    default:
      return unreachable(decision);
  }
}

function lookAgain(
  queue: DelayQueue,
  memberId: MemberId,
  { epoch, delayMs }: { readonly epoch: number; readonly delayMs: number },
): Promise<void> {
  const delaySeconds = Math.min(delayMs / 1_000, delaySecondsMax);
  return queue.send(watchMessage.encode({ memberId, epoch }), delaySeconds);
}

/** Told again with each look: a group that knows, or has replaced it, changes nothing. */
async function haveReplaced({ group, log }: Watchdog, memberId: MemberId): Promise<void> {
  const outcome = await group.reportUnhealthy(memberId);
  log.warn('machine.unhealthy', { member: memberId, outcome });
}

/** Sessions of the lost are known as dead by their epoch until the sweeper has struck them out. */
async function watchLapsed({ clock, log, queue, stores }: Watchdog, member: Member): Promise<void> {
  const { memberId, epoch, sessions, hubs } = member;
  const others = await stores.members.getMany(await stores.members.ids());
  if (mayCallLost(member, others, clock.nowMs())) {
    const lost = await stores.members.markLost(memberId, epoch, clock.nowMs());
    if (lost) log.warn('member.lost', { member: memberId, epoch, sessions, hubs });
  }
  await queue.send(watchMessage.encode(member), lapsedAgainSeconds);
}
