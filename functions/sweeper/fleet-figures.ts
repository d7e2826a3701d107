import type { FleetLoad } from '../domain/fleet-load.ts';
import { fleetMetrics } from '../env.ts';

/**
 * The fleet's load as one log event that CloudWatch reads figures out of (embedded metric format):
 * no call, no permission, no price beyond the figures' own.
 */
export function fleetFigures(load: FleetLoad, cluster: string, nowMs: number) {
  const { activeMembers, capacity, drainingMembers, reserved, sessions, utilization } = load;
  const values = {
    [fleetMetrics.sessions]: sessions,
    [fleetMetrics.reserved]: reserved,
    [fleetMetrics.capacity]: capacity,
    [fleetMetrics.activeMembers]: activeMembers,
    [fleetMetrics.drainingMembers]: drainingMembers,
    ...(utilization !== undefined && { [fleetMetrics.utilization]: utilization }),
  };
  const metrics = Object.keys(values).map((name) => ({
    Name: name,
    Unit: name === fleetMetrics.utilization ? 'Percent' : 'Count',
  }));
  return {
    _aws: {
      Timestamp: nowMs,
      CloudWatchMetrics: [
        {
          Namespace: fleetMetrics.namespace,
          Dimensions: [[fleetMetrics.dimension]],
          Metrics: metrics,
        },
      ],
    },
    [fleetMetrics.dimension]: cluster,
    ...values,
  };
}
