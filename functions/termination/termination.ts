import type { Clock } from '#shared/kernel/clock.ts';
import type { MachineId } from '#shared/kernel/ids.ts';
import type { Log } from '#shared/kernel/log.ts';
import { decideTermination } from '../domain/termination.ts';
import type { Stores } from '../store/stores.ts';
import { sharesOf, terminationRequest } from './request.ts';

/** What the termination function works with. */
export interface Termination {
  readonly stores: Pick<Stores, 'members'>;
  readonly clock: Clock;
  readonly log: Log;
}

/** What EC2 Auto Scaling expects. */
export interface TerminationAnswer {
  readonly InstanceIDs: readonly MachineId[];
}

/**
 * Which machines go when the group is to have fewer: see {@link decideTermination}. As many as are
 * asked for and no more, because of more the group would choose by age. When nothing can be read it
 * fails, and the group asks again: nothing could be drained then either.
 */
export async function chooseMachines(
  { clock, log, stores }: Termination,
  event: unknown,
): Promise<TerminationAnswer> {
  const request = terminationRequest.decode(event);
  const members = await stores.members.getMany(await stores.members.ids());
  const shares = sharesOf(request);
  const chosen = decideTermination(shares, members, clock.nowMs());
  log.info('machines.chosen', {
    group: request.AutoScalingGroupName,
    cause: request.Cause,
    wanted: shares.reduce((total, { count }) => total + count, 0),
    offered: request.Instances.length,
    chosen,
  });
  return { InstanceIDs: chosen };
}
