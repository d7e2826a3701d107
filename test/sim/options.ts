import type { TableFaults } from './faulty-table.ts';
import type { NetworkOptions } from './network.ts';
import { Seeded } from './seeded.ts';
import type { QueueFaults } from './sim-queue.ts';

/** What operators and accidents do, each as often as its weight says. */
export const mishaps = [
  'kill', // the agent's process; restarted within a second
  'kill-slow', // the same, restarted after a while
  'die', // the machine with all its members: silent, for ever; another takes its place
  'freeze', // SIGSTOP for a while, of a process or of all of a machine
  'stall', // the data plane's thread stops for a while, control's goes on
  'sigterm', // a drain by the node, then a restart
  'drain', // a drain by the control plane
  'scale-in', // the group takes a machine, once its member is empty
  'interrupt', // EC2 takes a Spot machine back in two minutes
  'isolate', // a member, or its machine, and the control plane: both directions
  'deafen', // a member sends and hears no answers
  'mute', // a member hears and cannot send
  'part', // members of two machines, or the machines, one direction or both
  'cut-client', // one client and one member, one direction or both
  'hub-offline', // an administrator takes a hub offline for a while
  'hub-remove', // an administrator deletes a hub, and creates it again after a while
  'disconnect', // an administrator ends a session
  'outage', // no function can be reached
  'store-outage', // every call of the store fails
  'empty', // all clients of a hub go away, for longer than an idle hub is kept
  'leave', // a client goes away without a word, and is back later
] as const;
export type Mishap = (typeof mishaps)[number];

/** Everything that is drawn from the seed before the run begins. */
export interface SimOptions {
  readonly seed: number;
  readonly machines: number;
  /** Of each machine: so many members run on it. */
  readonly processes: number;
  readonly clients: number;
  readonly dynamicHubs: number;
  readonly staticHubs: number;
  readonly capacity: number;
  readonly chaosMs: number;
  readonly network: NetworkOptions;
  readonly table: TableFaults;
  readonly queue: QueueFaults;
  /** An invocation ends somewhere between its calls. */
  readonly crashRate: number;
  /** Two clocks of the control plane differ by up to twice this. */
  readonly controlClockMs: number;
  /** A member's clock gains or loses up to this many seconds per second. */
  readonly driftMax: number;
  readonly mishapEveryMs: number;
  readonly mishaps: Readonly<Record<Mishap, number>>;
  /** Members ask each other whether an outage is one (ADR 0003); I10 is then asked in full. */
  readonly witness: boolean;
  /** Clients that do what they should not: use a ticket twice, late, or at the front door. */
  readonly naughtyRate: number;
  /** Every hub has as many seats as clients, and every user may be there from one installation. */
  readonly limited: boolean;
}

export function drawOptions(seed: number): SimOptions {
  const random = new Seeded(seed, 'options');
  const { between, integer, chance } = bound(random);
  const calm = chance(0.1); // a run without network and store faults must be perfect
  const rate = (max: number): number => (calm || chance(0.3) ? 0 : between(0, max));
  const clients = integer(3, 9);
  const machines = integer(2, 5);
  const processes = new Seeded(seed, 'processes').chance(0.35) ? 2 : 1;
  return {
    seed,
    machines: processes === 1 ? machines : Math.min(machines, 3),
    processes,
    clients,
    dynamicHubs: integer(1, 3),
    staticHubs: integer(0, 1),
    capacity: chance(0.3) ? clients + integer(0, 3) : 100, // a dynamic hub's clients fit on one
    chaosMs: (chance(0.2) ? integer(150, 250) : integer(60, 110)) * 1_000,
    network: {
      latencyMs: between(1, 40),
      lossRate: rate(0.06),
      duplicateRate: rate(0.08),
      duplicateLateMs: between(0, 15_000),
      slowRate: rate(0.03),
      slowMs: between(100, 12_000),
    },
    table: {
      latencyMs: between(2, 12),
      slowRate: rate(0.08),
      slowMs: between(100, 4_900), // the adapter gives a call up after 5 s
      throttleRate: rate(0.03),
      failAfterRate: rate(0.03),
      repeatRate: rate(0.05),
      repeatMs: between(0, 2_000),
      shortPageRate: rate(0.3),
    },
    queue: { duplicateRate: rate(0.05), lateRate: rate(0.1), lateMs: between(100, 30_000) },
    crashRate: rate(0.04),
    controlClockMs: rate(450),
    driftMax: rate(0.0002),
    mishapEveryMs: between(1_000, 10_000),
    mishaps: Object.fromEntries(
      mishaps.map((mishap) => [mishap, chance(0.25) ? 0 : between(0.1, 1)]),
    ) as Record<Mishap, number>,
    witness: true,
    naughtyRate: rate(0.1),
    limited: chance(0.5),
  };
}

function bound(random: Seeded) {
  return {
    between: (low: number, high: number) => random.between(low, high),
    integer: (low: number, high: number) => random.integer(low, high),
    chance: (probability: number) => random.chance(probability),
  };
}

/** One line, so that a failure in a log says what kind of run it was. */
export function stringifyOptions(options: SimOptions): string {
  const rounded = (value: unknown): unknown =>
    typeof value === 'number' && !Number.isInteger(value) ? Number(value.toPrecision(3)) : value;
  return JSON.stringify(options, (_key, value: unknown) => rounded(value));
}
