import { unreachable } from '#shared/kernel/assert.ts';
import type { Clock } from '#shared/kernel/clock.ts';
import { type MemberId, machineOf } from '#shared/kernel/ids.ts';
import type { Log } from '#shared/kernel/log.ts';
import type { Random } from '#shared/kernel/random.ts';
import { decideWatch, mayCallLost } from '../domain/lease.ts';
import { isInUse } from '../domain/machine.ts';
import { nextWatch, roundsPerChain } from '../domain/watch-chain.ts';
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
  readonly random: Random;
  readonly log: Log;
}

/** A lapsed member that may not be called lost yet is looked at again this soon. */
const lapsedAgainMs = 5_000;
/**
 * For more, the message goes round again. A queue keeps one for 900 s, but the alarm on messages
 * that nobody takes would ring by then.
 */
export const delaySecondsMax = 240;

/**
 * Look at one member. Sending the message on is the last thing done: whatever fails before brings
 * this message back, so that a member is never unwatched. Copies of a message end with the name of
 * their chain, so that it is not watched by more and more of them.
 */
export async function watch(watchdog: Watchdog, message: WatchMessage): Promise<void> {
  const { clock, stores } = watchdog;
  const member = await stores.members.get(message.memberId);
  const decision = decideWatch(member, message.epoch, clock.nowMs());
  if (member === undefined || decision.kind === 'done') return;
  if (decision.kind !== 'forget' && !(await stores.watches.accept(member, message, clock.nowMs())))
    return;
  switch (decision.kind) {
    case 'again':
      return lookAgain(watchdog, message, decision);
    case 'lapsed':
      await watchLapsed(watchdog, member);
      return lookAgain(watchdog, message, { epoch: member.epoch, delayMs: lapsedAgainMs });
    case 'lost':
      if (decision.isNews) await stores.sweeps.request();
      if (decision.isToBeReplaced) await haveReplaced(watchdog, message.memberId);
      // Looks are rare now: each tells that the member is watched still.
      return lookAgain(watchdog, message, decision, 1);
    case 'forget':
      await stores.sweeps.request();
      return stores.members.forget(message.memberId, decision.epoch);
    default:
      return unreachable(decision);
  }
}

function lookAgain(
  { queue, random }: Watchdog,
  message: WatchMessage,
  { epoch, delayMs }: { readonly epoch: number; readonly delayMs: number },
  rounds = roundsPerChain,
): Promise<void> {
  const delaySeconds = Math.min(delayMs / 1_000, delaySecondsMax);
  const next = { ...nextWatch(message, random, rounds), memberId: message.memberId, epoch };
  return queue.send(watchMessage.next(next), delaySeconds);
}

/**
 * A machine is replaced when its last member is lost: while others serve, a dead process is the
 * machine's own to start again. Told again with each look: a group that knows, or has replaced it,
 * changes nothing.
 */
async function haveReplaced(
  { clock, group, log, stores }: Watchdog,
  memberId: MemberId,
): Promise<void> {
  const machine = machineOf(memberId);
  if (isInUse(await stores.members.onMachine(machine), clock.nowMs())) {
    log.error('member.missing', { member: memberId });
    return;
  }
  const outcome = await group.reportUnhealthy(machine);
  log.warn('machine.unhealthy', { member: memberId, outcome });
}

/** Sessions of the lost are known as dead by their epoch until the sweeper has struck them out. */
async function watchLapsed({ clock, log, stores }: Watchdog, member: Member): Promise<void> {
  const { memberId, epoch, sessions, hubs } = member;
  const others = await stores.members.getMany(await stores.members.ids());
  if (mayCallLost(member, others, clock.nowMs())) {
    const lost = await stores.members.markLost(memberId, epoch, clock.nowMs());
    if (lost) log.warn('member.lost', { member: memberId, epoch, sessions, hubs });
  }
}
