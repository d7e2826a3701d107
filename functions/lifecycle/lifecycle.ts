import { assert, unreachable } from '#shared/kernel/assert.ts';
import type { Clock } from '#shared/kernel/clock.ts';
import type { MemberId } from '#shared/kernel/ids.ts';
import type { Log } from '#shared/kernel/log.ts';
import {
  type CompleteReason,
  decideGone,
  decideLeave,
  drainLimitMs,
  interruptionLimitMs,
} from '../domain/drain.ts';
import { lifecycleHeartbeatSeconds } from '../env.ts';
import type { DelayQueue } from '../store/delay-queue.ts';
import type { LifecycleAction, MachineGroup } from '../store/machine-group.ts';
import type { Member } from '../store/member-store.ts';
import type { Stores } from '../store/stores.ts';
import { arrive } from './arrival.ts';
import { type LifecycleMessage, lifecycleMessage } from './message.ts';

/** What the lifecycle function works with. `queue` is its own. */
export interface Lifecycle {
  readonly stores: Stores;
  readonly group: MachineGroup;
  readonly queue: DelayQueue;
  readonly clock: Clock;
  readonly log: Log;
}

/** A member whose machine waits is looked at this often: an agent is empty after about 12 s. */
const lookAgainSeconds = 5;
/** Looked at this long after a lease should have ended. */
const leaseMarginMs = 1_000;

assert(3 * lookAgainSeconds < lifecycleHeartbeatSeconds, 'a machine waits from look to look');

/** Every event may come twice, late or out of order: what is decided is decided upon the member. */
export async function onMessage(lifecycle: Lifecycle, message: LifecycleMessage): Promise<void> {
  switch (message.kind) {
    case 'leave':
      return leave(lifecycle, message.action);
    case 'arrive':
      return arrive(lifecycle, message.action, message.sinceMs);
    case 'prepared':
      return; // no member yet; the group's own time is what its installation takes
    case 'interrupted':
      return interrupted(lifecycle, message.memberId);
    case 'gone':
      return gone(lifecycle, message.memberId);
    default:
      return unreachable(message);
  }
}

/**
 * A machine waits to be terminated: drain its member, look again until that is done, let it go.
 * Sending the next look is the last thing done, so that whatever fails before brings this one back.
 * Should it be lost all the same, the group goes on by itself when nobody extends.
 */
async function leave(lifecycle: Lifecycle, action: LifecycleAction): Promise<void> {
  const { clock, group, log, queue, stores } = lifecycle;
  const { memberId } = action;
  const member = await stores.members.get(memberId);
  const decision = decideLeave(member, clock.nowMs());
  if (decision.kind === 'complete') return complete(lifecycle, action, member, decision.reason);
  if (decision.kind === 'begin' || member?.lifecycle === undefined) {
    const { groupName, hookName, token } = action;
    const began = await stores.members.beginDrain(memberId, clock.nowMs() + drainLimitMs, {
      cause: 'machine-scaled-in',
      lifecycle: { groupName, hookName, token },
    });
    log.info('machine.leaving', { member: memberId, state: began, sessions: member?.sessions });
  }
  if (decision.kind === 'wait' && decision.extend) {
    // Completed by another copy of this message, or the group did not wait any longer.
    if ((await group.extend(action)) === 'over') return;
  }
  await queue.send(lifecycleMessage.leave(action), lookAgainSeconds);
}

async function complete(
  { clock, group, log, queue, stores }: Lifecycle,
  action: LifecycleAction,
  member: Member | undefined,
  reason: CompleteReason,
): Promise<void> {
  const { memberId } = action;
  const isOver = reason === 'drained' || reason === 'terminated';
  // First: whoever joins anew meanwhile, or at all, is to be drained then.
  const mayGo = isOver
    ? await stores.members.markTerminated(memberId, clock.nowMs())
    : reason === 'deadline' || (await stores.members.bar(memberId, member, clock.nowMs()));
  if (!mayGo) return queue.send(lifecycleMessage.leave(action), lookAgainSeconds);
  const outcome = await group.complete(action);
  const facts = { member: memberId, reason, outcome };
  if (reason === 'deadline') log.warn('machine.released', facts);
  else log.info('machine.released', facts);
  // Anybody else may still serve: of those the end of their machine or of their lease is awaited.
  if (isOver) await forget(stores, memberId);
}

/** There is no lifecycle action to complete: EC2 takes the machine when its time is up. */
async function interrupted({ clock, log, stores }: Lifecycle, memberId: MemberId): Promise<void> {
  if ((await stores.members.get(memberId)) === undefined) return; // another machine of the account
  const deadlineMs = clock.nowMs() + interruptionLimitMs;
  const cause = 'machine-interrupted';
  const state = await stores.members.beginDrain(memberId, deadlineMs, { cause });
  log.warn('machine.interrupted', { member: memberId, state });
}

async function gone(lifecycle: Lifecycle, memberId: MemberId): Promise<void> {
  const { clock, log, queue, stores } = lifecycle;
  const decision = decideGone(await stores.members.get(memberId), clock.nowMs());
  switch (decision.kind) {
    case 'done':
      return;
    case 'again':
      return lookForGone(queue, memberId, decision.delayMs);
    case 'terminate':
      // Refused only if a heartbeat that was under way renewed the lease.
      if (!(await stores.members.markTerminated(memberId, clock.nowMs()))) {
        return lookForGone(queue, memberId, 0);
      }
      log.info('member.terminated', { member: memberId });
      return forget(stores, memberId);
    default:
      return unreachable(decision);
  }
}

function lookForGone(queue: DelayQueue, memberId: MemberId, delayMs: number): Promise<void> {
  return queue.send(lifecycleMessage.gone(memberId), (delayMs + leaseMarginMs) / 1_000);
}

async function forget(stores: Stores, memberId: MemberId): Promise<void> {
  const member = await stores.members.get(memberId);
  await stores.sweeps.request();
  if (member?.state === 'terminated') await stores.members.forget(memberId, member.epoch);
}
