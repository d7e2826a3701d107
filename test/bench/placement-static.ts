import { between, type Random } from '#shared/kernel/random.ts';
import { bestLevel } from './placement-best.ts';
import { type Rule, World } from './placement-world.ts';

/** A series of logins to static hubs, which run everywhere. */
export interface StaticCase {
  readonly name: string;
  readonly members: number;
  /** Sessions each of them has at the beginning. */
  readonly sessions: number;
  readonly newcomers?: number;
  /** Share of the members that die at once; their clients come back. */
  readonly lost?: number;
  /** Logins per second, second by second; the last is repeated until `logins` are reached. */
  readonly logins: number;
  readonly perSecond: (second: number) => number;
}

export interface Spread {
  /** Highest load over mean load once everybody is there. */
  readonly atEnd: number;
  /** Highest load over the lowest possible highest load, at the worst second. */
  readonly worst: number;
  /** Sessions that were placed, and the largest part of them that went to one member. */
  readonly placed: number;
  readonly share: number;
}

/** Below this mean load one session more or less is not an imbalance. */
const meanMin = 100;
/** Clients of a dead member notice, wait, and come back within this. */
const backMsMin = 7_000;
const backMsMax = 12_000;

export function spreadStatic(
  given: StaticCase,
  ruleOver: (world: World) => Rule,
  random: Random,
): Spread {
  const world = new World(random);
  const rule = ruleOver(world);
  const { timeline } = world;
  for (let index = 0; index < given.members; index += 1) rule.join(world.add(given.sessions));
  const lost = Math.round(given.members * (given.lost ?? 0));
  for (const machine of world.machines.slice(0, lost)) {
    world.lose(rule, machine, [], () => between(random, backMsMin, backMsMax));
  }
  for (let index = 0; index < (given.newcomers ?? 0); index += 1) rule.join(world.add(0, true));

  const initial = world.alive.map((machine) => machine.assigned);
  const before = initial.reduce((sum, load) => sum + load, 0);
  let sent = 0;
  let second = 0;
  const arrive = (): void => {
    const due = Math.min(given.perSecond(second), given.logins - sent);
    second += 1;
    sent += due;
    for (let login = 0; login < due; login += 1) {
      world.expect(between(random, 0, 1_000), rule);
    }
    if (sent < given.logins) timeline.after(1_000, arrive);
  };
  if (given.logins > 0) arrive();

  let worst = 1;
  timeline.every(1_000, 1_000, () => {
    const loads = world.alive.map((machine) => machine.assigned);
    const total = loads.reduce((sum, load) => sum + load, 0);
    if (total / loads.length < Math.min(meanMin, given.logins / loads.length / 2)) return;
    const best = bestLevel(initial, Math.max(0, total - before));
    worst = Math.max(worst, Math.max(...loads) / best);
  });
  timeline.runUntil(() => world.pending === 0 && sent === given.logins);
  const loads = world.alive.map((machine) => machine.sessions);
  const mean = loads.reduce((sum, load) => sum + load, 0) / loads.length;
  const gained = loads.map((load, index) => load - (initial[index] ?? 0));
  const placed = gained.reduce((sum, count) => sum + count, 0);
  return { atEnd: Math.max(...loads) / mean, worst, placed, share: Math.max(...gained) / placed };
}
