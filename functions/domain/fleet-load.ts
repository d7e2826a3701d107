import { isLive, type Leaseholder } from './lease.ts';

/** A member as far as the fleet's load goes. */
export interface LoadedMember extends Pick<Leaseholder, 'state' | 'leaseExpiresMs'> {
  readonly capacity: number;
  readonly sessions: number;
  /** Admitted and not seen there yet. */
  readonly reserved: number;
}

/** How much of the fleet is taken. */
export interface FleetLoad {
  readonly sessions: number;
  readonly reserved: number;
  /** Places of members that may be given sessions. */
  readonly capacity: number;
  readonly activeMembers: number;
  readonly drainingMembers: number;
  /**
   * Percent of the capacity. Sessions of draining members count, their places do not: those who
   * stay will have them in a moment, so that one drain is no reason for the next. Undefined while
   * there is neither, so that nobody takes an empty fleet for an idle one.
   */
  readonly utilization: number | undefined;
}

export function fleetLoad(members: readonly LoadedMember[], nowMs: number): FleetLoad {
  const live = members.filter((member) => isLive(member, nowMs));
  const active = live.filter(({ state }) => state === 'active');
  const sessions = sum(live, (member) => member.sessions);
  const reserved = sum(live, (member) => Math.max(member.reserved, 0));
  const capacity = sum(active, (member) => member.capacity);
  return {
    sessions,
    reserved,
    capacity,
    activeMembers: active.length,
    drainingMembers: live.filter(({ state }) => state === 'draining').length,
    utilization: utilizationOf(sessions + reserved, capacity),
  };
}

function utilizationOf(taken: number, capacity: number): number | undefined {
  if (capacity === 0) return taken === 0 ? undefined : 100;
  return Math.round((1_000 * taken) / capacity) / 10;
}

function sum<T>(items: readonly T[], pick: (item: T) => number): number {
  return items.reduce((total, item) => total + pick(item), 0);
}
