import * as z from 'zod';
import { machineId } from '#shared/kernel/ids.ts';
import type { Share } from '../domain/termination.ts';

/** A zone and, in a group that buys in two ways, one of them. */
const place = { AvailabilityZone: z.string(), InstanceMarketOption: z.string().optional() };

/**
 * What EC2 Auto Scaling asks a custom termination policy: it has chosen zones and ways of paying,
 * so that the group stays balanced, and proposes machines. ("Create a custom termination policy
 * with Lambda", EC2 Auto Scaling user guide.)
 */
const requestSchema = z.object({
  AutoScalingGroupName: z.string(),
  Cause: z.string(),
  CapacityToTerminate: z.array(z.object({ ...place, Capacity: z.number().int().nonnegative() })),
  Instances: z.array(z.object({ ...place, InstanceId: z.string().min(1).transform(machineId) })),
});
type TerminationRequest = z.infer<typeof requestSchema>;
type Place = Pick<
  TerminationRequest['Instances'][number],
  'AvailabilityZone' | 'InstanceMarketOption'
>;

export const terminationRequest = {
  /** @throws on what AWS does not send. */
  decode: (event: unknown): TerminationRequest => requestSchema.parse(event),
} as const;

/** How many of which. */
export function sharesOf(request: TerminationRequest): readonly Share[] {
  return request.CapacityToTerminate.map((wanted) => ({
    count: wanted.Capacity,
    machines: request.Instances.filter((instance) => isAt(instance, wanted)).map(
      ({ InstanceId }) => InstanceId,
    ),
  }));
}

function isAt(instance: Place, wanted: Place): boolean {
  const { AvailabilityZone: zone, InstanceMarketOption: option } = wanted;
  if (instance.AvailabilityZone !== zone) return false;
  return option === undefined || (instance.InstanceMarketOption ?? option) === option;
}
