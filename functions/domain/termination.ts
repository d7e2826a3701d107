import { type MachineId, machineOf } from '#shared/kernel/ids.ts';
import { isLive, type Leaseholder } from './lease.ts';

/** A member as far as the end of its machine goes. */
export interface Tenant
  extends Pick<Leaseholder, 'memberId' | 'state' | 'epoch' | 'leaseExpiresMs'> {
  readonly capacity: number;
  /** As of its last heartbeat. */
  readonly sessions: number;
  /** Admitted and not seen there yet. */
  readonly reserved: number;
  /** Hub instances it runs. */
  readonly hubs: number;
  readonly joinedMs: number;
}

/** Machines of which so many are to go: those of one zone and one way of paying for them. */
export interface Share {
  readonly machines: readonly MachineId[];
  readonly count: number;
}

/** What the end of a machine costs. */
interface Cost {
  readonly kind: Kind;
  /** Who is away for a moment: sessions, and clients on their way. */
  readonly clients: number;
  readonly hubs: number;
  /** Places that are no longer there. */
  readonly capacity: number;
  readonly joinedMs: number;
}

/** The first go first. */
const kinds = [
  'over', // lost, drained or terminated, or silent
  'leaving', // its clients move whatever is decided
  'nobody', // no member has joined from there
  'serving',
] as const;
type Kind = (typeof kinds)[number];

/**
 * The machines to go when the group is to have fewer: those whose end is noticed by the fewest
 * clients, by the fewest hubs among equals, and then the newest, because dynamic hubs gather on the
 * old. One whose clients would not find places elsewhere goes only when all are like that: the
 * number itself is not decided here.
 */
export function decideTermination(
  shares: readonly Share[],
  members: readonly Tenant[],
  nowMs: number,
): readonly MachineId[] {
  const fleet = costOf(members, nowMs);
  let spare = fleet.capacity - fleet.clients;
  const chosen: MachineId[] = [];
  for (const { machines, count } of shares) {
    const left = new Map(
      machines.map((machine) => [machine, costOf(tenantsOf(machine, members), nowMs)]),
    );
    for (let missing = count; missing > 0 && left.size > 0; missing -= 1) {
      const [first] = [...left].sort(([, one], [, other]) => order(one, other, spare));
      if (first === undefined) break;
      const [machine, { capacity }] = first;
      left.delete(machine);
      chosen.push(machine);
      spare -= capacity;
    }
  }
  return chosen;
}

function tenantsOf(machine: MachineId, members: readonly Tenant[]): readonly Tenant[] {
  return members.filter(({ memberId }) => machineOf(memberId) === machine);
}

/** Negative: `one` goes before `other`. `spare`: places nobody needs. */
function order(one: Cost, other: Cost, spare: number): number {
  return (
    kinds.indexOf(one.kind) - kinds.indexOf(other.kind) ||
    Number(one.capacity > spare) - Number(other.capacity > spare) ||
    one.clients - other.clients ||
    one.hubs - other.hubs ||
    other.joinedMs - one.joinedMs
  );
}

function costOf(tenants: readonly Tenant[], nowMs: number): Cost {
  const live = tenants.filter((tenant) => isLive(tenant, nowMs));
  const active = live.filter(({ state }) => state !== 'draining');
  return {
    kind: kindOf(tenants.length, live.length, active.length),
    clients: sum(live, ({ reserved, sessions }) => sessions + Math.max(reserved, 0)),
    hubs: sum(live, ({ hubs }) => hubs),
    capacity: sum(active, ({ capacity }) => capacity),
    joinedMs: Math.max(0, ...tenants.map(({ joinedMs }) => joinedMs)),
  };
}

function kindOf(all: number, live: number, active: number): Kind {
  if (active > 0) return 'serving';
  if (live > 0) return 'leaving';
  return all > 0 ? 'over' : 'nobody';
}

function sum<T>(items: readonly T[], of: (item: T) => number): number {
  return items.reduce((total, item) => total + of(item), 0);
}
