import { below, between, type Random } from '#shared/kernel/random.ts';
import { longestFirst } from './placement-best.ts';
import { type BenchHub, type Rule, World } from './placement-world.ts';

/** A day of dynamic hubs: their users come over some minutes, in any order. */
export interface Day {
  readonly members: number;
  /** Sessions each hub will have today. */
  readonly sizes: readonly number[];
  /** Sessions each hub usually has, as its placement remembers. */
  readonly usual: readonly number[];
  readonly overMs: number;
  /** When all are there, this share of the members dies. */
  readonly lost: number;
}

/** The highest load of a member beside that of the best packing. */
export interface Packing {
  readonly highest: number;
  readonly best: number;
  readonly mean: number;
}

/** Clients of a dead member come back within this. */
const backMsMin = 7_000;
const backMsMax = 12_000;

/** Once everybody is there; and, if members die, once their clients are back. */
export function packDay(
  day: Day,
  ruleOver: (world: World) => Rule,
  random: Random,
): { readonly morning: Packing; readonly afterLoss: Packing } {
  const world = new World(random);
  const rule = ruleOver(world);
  const { timeline } = world;
  for (let index = 0; index < day.members; index += 1) rule.join(world.add(0));
  const hubs = day.sizes.map(
    (_, index): BenchHub => ({ usual: day.usual[index] ?? 0, owner: undefined, sessions: 0 }),
  );

  const logins = shuffled(
    day.sizes.flatMap((size, index) => Array<number>(size).fill(index)),
    random,
  );
  let sent = 0;
  timeline.every(1, 1, () => {
    const due = Math.min(logins.length, (logins.length * timeline.nowMs) / day.overMs);
    for (; sent < due; sent += 1) world.expect(1, rule, hubs[logins[sent] ?? 0]);
  });
  timeline.runUntil(() => sent === logins.length && world.pending === 0);
  const empty = world.machines.map(() => 0);
  const morning = packingOf(world, longestFirst(empty, day.sizes));

  const dying = world.machines.slice(0, Math.round(day.members * day.lost));
  const homeless = hubs.filter((hub) => dying.some((machine) => machine === hub.owner));
  const sizes = homeless.map((hub) => hub.sessions);
  for (const machine of dying) {
    world.lose(rule, machine, homeless, () => between(random, backMsMin, backMsMax));
  }
  const staying = world.alive.map((machine) => machine.sessions);
  timeline.runUntil(() => world.pending === 0);
  return { morning, afterLoss: packingOf(world, longestFirst(staying, sizes)) };
}

/** Users per hub: many hubs of a few, a few of hundreds (Pareto, cut off at `most`). */
export function paretoSizes(
  total: number,
  { shape, least, most }: { readonly shape: number; readonly least: number; readonly most: number },
  random: Random,
): number[] {
  const sizes: number[] = [];
  for (let sum = 0; sum < total; ) {
    const size = Math.min(most, Math.floor(least * (1 - random.fraction()) ** (-1 / shape)));
    sizes.push(size);
    sum += size;
  }
  return sizes;
}

/** Who comes today: each user with this probability. */
export function attendance(
  users: readonly number[],
  probability: number,
  random: Random,
): number[] {
  return users.map((count) => {
    let come = 0;
    for (let user = 0; user < count; user += 1) if (random.fraction() < probability) come += 1;
    return come;
  });
}

function packingOf(world: World, best: readonly number[]): Packing {
  const loads = world.alive.map((machine) => machine.sessions);
  const mean = loads.reduce((sum, load) => sum + load, 0) / loads.length;
  return { highest: Math.max(...loads), best: Math.max(...best), mean };
}

function shuffled(list: number[], random: Random): number[] {
  for (let last = list.length - 1; last > 0; last -= 1) {
    const other = below(random, last + 1);
    [list[last], list[other]] = [list[other] ?? 0, list[last] ?? 0];
  }
  return list;
}
