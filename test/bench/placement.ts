import type { Random } from '#shared/kernel/random.ts';
import { seededRandom } from '#test/functions/doubles.ts';
import { tool, wholeNumber } from '#test/support/command-line.ts';
import { columns } from './columns.ts';
import { attendance, type Day, type Packing, packDay, paretoSizes } from './placement-dynamic.ts';
import { EtherfleetRule } from './placement-etherfleet.ts';
import { SoftEtherRule } from './placement-softether.ts';
import { type Spread, type StaticCase, spreadStatic } from './placement-static.ts';

/**
 * How evenly a genuine controller's rule and ours spread a million sessions over a thousand
 * members. Pure: time, members and clients are simulated. `npm run bench:placement`.
 */
const members = 1_000;
const burstEvery = 20;

const staticCases: readonly StaticCase[] = [
  {
    name: 'steady: 2,000 logins a second until 400,000 are in',
    ...{ members, sessions: 0, logins: 400_000 },
    perSecond: () => 2_000,
  },
  {
    name: 'bursts: 300,000 upon 700,000, 50,000 within 2 s six times',
    ...{ members, sessions: 700, logins: 300_000 },
    perSecond: (second) => (second % burstEvery < 2 ? 25_000 : 0),
  },
  {
    name: 'storm: 100 of the members die, 100,000 come back in 5 s',
    ...{ members, sessions: 1_000, lost: 0.1, logins: 0 },
    perSecond: () => 0,
  },
  {
    name: 'new: 100 members join 900, then 500 logins a second',
    ...{ members: 900, sessions: 1_000, newcomers: 100, logins: 100_000 },
    perSecond: () => 500,
  },
  {
    name: 'new and burst: 100 members join 900, then 100,000 in 5 s',
    ...{ members: 900, sessions: 1_000, newcomers: 100, logins: 100_000 },
    perSecond: () => 20_000,
  },
  {
    name: 'small, slow: 4 members, one login a second',
    ...{ members: 4, sessions: 0, logins: 400 },
    perSecond: () => 1,
  },
  {
    name: 'small, burst: 4 members, 200 logins in 2 s',
    ...{ members: 4, sessions: 0, logins: 200 },
    perSecond: () => 100,
  },
  {
    name: 'small, new: one joins 4 of 500, then 400 in 2 s',
    ...{ members: 4, sessions: 500, newcomers: 1, logins: 400 },
    perSecond: () => 200,
  },
];

const { seed } = tool('bench:placement', 'How evenly SoftEther’s rule and ours spread sessions.')
  .option('--seed <N>', 'of all that is left to chance', wholeNumber(0, 999_999_999), 20261122)
  .parse()
  .opts<{ seed: number }>();
const startedMs = Date.now();
say(`seed ${seed}\n`);
say('Static hubs. "end": highest load over mean load when all are in. "worst": highest load over');
say('the best reachable without moving anybody, at the worst second. "to one": the part of all');
say(
  'logins that one member got. "again": reservations that were taken and chosen again, a login.\n',
);
say(
  columns(
    ['case', 'SoftEther end', 'worst', 'to one', 'etherfleet end', 'worst', 'to one', 'again'],
    staticCases.map(staticRow),
  ),
);
say(
  '\nDynamic hubs. Users of a hub follow its first client. Hubs have 2 to 500 users (Pareto 1.2),',
);
say('about 120,000 hubs and 900,000 sessions in 10 minutes over 1,000 members. Beside the highest');
say('load, the one of the best offline packing (largest first, sizes of that day known).\n');
say(columns(['case', 'rule', 'mean', 'best', 'highest', 'over best'], dynamicRows()));
say(`\n${((Date.now() - startedMs) / 1_000).toFixed(0)} s`);

function staticRow(given: StaticCase): string[] {
  const softEther = spreadStatic(given, (world) => new SoftEtherRule(world), random());
  let rule: EtherfleetRule | undefined;
  const ours = spreadStatic(
    given,
    (world) => {
      rule = new EtherfleetRule(world);
      return rule;
    },
    random(),
  );
  const again = (rule?.refusals ?? 0) / ours.placed;
  return [given.name, ...cells(softEther), ...cells(ours), again.toFixed(2)];
}

function cells({ atEnd, worst, share }: Spread): string[] {
  return [atEnd.toFixed(3), worst.toFixed(3), `${(share * 100).toFixed(1)}%`];
}

function dynamicRows(): string[][] {
  const chance = random();
  const users = paretoSizes(1_000_000, { shape: 1.2, least: 2, most: 500 }, chance);
  const sizes = attendance(users, 0.9, chance);
  const yesterday = attendance(users, 0.9, chance);
  const nothing = users.map(() => 0);
  const softEther = (usual: readonly number[]) =>
    packDay(day(sizes, usual), (world) => new SoftEtherRule(world), random());
  const ours = (usual: readonly number[]) =>
    packDay(day(sizes, usual), (world) => new EtherfleetRule(world), random());
  const genuine = softEther(nothing);
  const first = ours(nothing);
  const same = ours(sizes);
  const next = ours(yesterday);
  return [
    row('first day, nothing known', 'SoftEther', genuine.morning),
    row('first day, nothing known', 'etherfleet', first.morning),
    row('as many as the day before', 'etherfleet', same.morning),
    row('90 % of the users each day', 'etherfleet', next.morning),
    row('as the day before, then 100 members die', 'etherfleet', same.afterLoss),
    row('90 % each day, then 100 members die', 'etherfleet', next.afterLoss),
  ];
}

function day(sizes: readonly number[], usual: readonly number[]): Day {
  return { members, sizes, usual, overMs: 600_000, lost: 0.1 };
}

function row(name: string, rule: string, { mean, best, highest }: Packing): string[] {
  return [name, rule, mean.toFixed(0), `${best}`, `${highest}`, (highest / best).toFixed(3)];
}

function random(): Random {
  return seededRandom(seed);
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}
