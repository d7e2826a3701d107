import { assert } from '#shared/kernel/assert.ts';
import { arrivalLimitMs, decideArrival } from '../domain/arrival.ts';
import { launchHeartbeatSeconds } from '../env.ts';
import type { LifecycleAction } from '../store/machine-group.ts';
import { lifecycleMessage } from './message.ts';
import type { Lifecycle } from './ports.ts';

/** A member that is to come is looked for this often. */
const lookAgainSeconds = 5;

assert(
  arrivalLimitMs + 2_000 * lookAgainSeconds < launchHeartbeatSeconds * 1_000,
  'it is decided before the group decides',
);

/**
 * A machine was launched: the group counts it in once its members are active, so that an instance
 * refresh goes on to the next machine, and a scale-out is over, when clients can go there. A copy
 * of the event makes a second chain of looks, which ends with the first.
 */
export async function arrive(
  { clock, group, log, queue, stores }: Lifecycle,
  action: LifecycleAction,
  since?: number,
): Promise<void> {
  const nowMs = clock.nowMs();
  const sinceMs = since ?? nowMs;
  const { machineId } = action;
  const members = await stores.members.onMachine(machineId);
  const decision = decideArrival(members, sinceMs, nowMs);
  const facts = { machine: machineId, members: members.length, tookMs: nowMs - sinceMs };
  switch (decision.kind) {
    case 'look-again':
      return queue.send(lifecycleMessage.arrive(action, sinceMs), lookAgainSeconds);
    case 'count-in':
      if (decision.missing > 0) {
        log.error('machine.incomplete', { ...facts, missing: decision.missing });
      }
      log.info('machine.arrived', { ...facts, outcome: await group.complete(action) });
      return;
    case 'abandon':
      log.error('machine.abandoned', {
        ...facts,
        outcome: await group.complete(action, 'ABANDON'),
      });
      return;
  }
}
