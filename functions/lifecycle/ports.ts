import type { Clock } from '#shared/kernel/clock.ts';
import type { Log } from '#shared/kernel/log.ts';
import type { DelayQueue } from '../store/delay-queue.ts';
import type { MachineGroup } from '../store/machine-group.ts';
import type { Stores } from '../store/stores.ts';

/** What the lifecycle function works with. `queue` is its own. */
export interface Lifecycle {
  readonly stores: Stores;
  readonly group: MachineGroup;
  readonly queue: DelayQueue;
  readonly clock: Clock;
  readonly log: Log;
}
