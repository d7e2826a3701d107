import { unreachable } from '#shared/kernel/assert.ts';
import type { MachineId } from '#shared/kernel/ids.ts';
import { interruptionLimitMs } from '../domain/drain.ts';
import { decideMachineGone } from '../domain/machine.ts';
import { arrive } from './arrival.ts';
import { forget } from './forgetting.ts';
import { leave } from './leaving.ts';
import { type LifecycleMessage, lifecycleMessage } from './message.ts';
import type { Lifecycle } from './ports.ts';

/** Looked at this long after a lease should have ended. */
const leaseMarginMs = 1_000;

/** Every event may come twice, late or out of order: what is decided is decided upon members. */
export async function onMessage(lifecycle: Lifecycle, message: LifecycleMessage): Promise<void> {
  switch (message.kind) {
    case 'leave':
      return leave(lifecycle, message.action);
    case 'arrive':
      return arrive(lifecycle, message.action, message.sinceMs);
    case 'prepared':
      return; // no member yet; the group's own time is what its installation takes
    case 'interrupted':
      return interrupted(lifecycle, message.machineId);
    case 'gone':
      return gone(lifecycle, message.machineId);
    default:
      return unreachable(message);
  }
}

/** There is no lifecycle action to complete: EC2 takes the machine when its time is up. */
async function interrupted({ clock, log, stores }: Lifecycle, machine: MachineId): Promise<void> {
  const deadlineMs = clock.nowMs() + interruptionLimitMs;
  const cause = 'machine-interrupted';
  // None: another machine of the account.
  for (const { memberId } of await stores.members.onMachine(machine)) {
    const state = await stores.members.beginDrain(memberId, deadlineMs, { cause });
    log.warn('machine.interrupted', { member: memberId, state });
  }
}

async function gone(lifecycle: Lifecycle, machine: MachineId): Promise<void> {
  const { clock, log, queue, stores } = lifecycle;
  const members = await stores.members.onMachine(machine);
  const { toTerminate, againMs } = decideMachineGone(members, clock.nowMs());
  let delayMs = againMs;
  for (const { memberId } of toTerminate) {
    if (await stores.members.markTerminated(memberId, clock.nowMs())) {
      log.info('member.terminated', { member: memberId });
      await forget(stores, memberId);
    } else {
      delayMs ??= 0; // a heartbeat that was under way renewed the lease
    }
  }
  if (delayMs === undefined) return;
  await queue.send(lifecycleMessage.gone(machine), (delayMs + leaseMarginMs) / 1_000);
}
