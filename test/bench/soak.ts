import { AgentProcess } from '#test/support/agent-process.ts';
import { amount, tool, wholeNumber } from '#test/support/command-line.ts';
import { eventually } from '#test/support/eventually.ts';
import { Crowd } from './soak-crowd.ts';

// A member, as it is deployed, under a crowd that comes and goes in every way it can. From time to
// time everybody leaves: what the member then still holds is what it leaks. Prints a row a minute
// and one for each such pause; ends with 1 if memory or handles grew.

const options = tool('bench:soak', 'Memory and open files of a member under churn.')
  .option('--minutes <N>', 'in all', amount(10_000), 30)
  .option('--crowd <N>', 'visitors at once', wholeNumber(1, 1_000), 60)
  .option('--pause-every <MINUTES>', 'everybody leaves so often', amount(10_000), 3)
  .parse()
  .opts<{ minutes: number; crowd: number; pauseEvery: number }>();

const mebibyte = 1024 * 1024;
const minuteMs = 60_000;
/** As in earnest; the fake control plane's own is ten times as fast. */
const timing = {
  heartbeatEveryMs: 2_000,
  fenceAfterMs: 6_000,
  clockErrorMs: 1_000,
  leaseTtlMs: 8_000,
};
/** Session timeouts, lingering sockets and one more heartbeat are over by then. */
const emptyLimitMs = 40_000;
/** Between the second pause and the last; V8 collects, and gives back, when it thinks fit. */
const grownMibMax = 48;
const liveGrownMibMax = 4;
const quietMs = 5_000;

interface Valley {
  readonly rssBytes: number;
  /** What the last full collection of the heap left. */
  readonly liveMib: number;
  readonly openFiles: number;
}

const titles = [
  'minute',
  'rss MiB',
  'live MiB',
  'files',
  'sessions',
  'logins',
  'strangers',
  '   frames',
];

function line(cells: readonly string[], note = ''): void {
  const padded = cells.map((cell, n) => cell.padStart(titles[n]?.length ?? 0));
  process.stdout.write(`${[...padded, note].join('  ').trimEnd()}\n`);
}

async function soak(): Promise<boolean> {
  const member = await new AgentProcess(['--trace-gc']).prepare();
  member.plane.timing = timing;
  member.start({ ...member.config(), capacity: 1_000 });
  await member.joined();
  const crowd = new Crowd(member, options.crowd);
  const startedMs = performance.now();
  const endsMs = startedMs + options.minutes * minuteMs;
  const pauseEveryMs = options.pauseEvery * minuteMs;
  const valleys: Valley[] = [];

  const say = (note?: string): void => {
    const { stranger, ...visitors } = crowd.deeds;
    const logins = Object.values(visitors).reduce((sum, count) => sum + count, 0);
    const numbers = [
      ((performance.now() - startedMs) / minuteMs).toFixed(1),
      (member.rssBytes() / mebibyte).toFixed(0),
      liveMib(member).toFixed(1),
      member.openFiles(),
      member.plane.lastHeartbeat?.sessions ?? 0,
      logins,
      stranger,
      crowd.framesReceived,
    ];
    line(numbers.map(String), note);
    // What the fake control plane remembers is no part of what is measured.
    member.plane.heartbeats.splice(0, member.plane.heartbeats.length - 10);
  };

  line(titles);
  say('nobody yet');
  while (performance.now() < endsMs) {
    crowd.enter();
    const pauseMs = Math.min(performance.now() + pauseEveryMs, endsMs);
    while (performance.now() < pauseMs) {
      await sleep(Math.min(minuteMs, pauseMs - performance.now()));
      say();
    }
    await crowd.leave();
    await eventually(() => {
      const sessions = member.plane.lastHeartbeat?.sessions ?? 0;
      return sessions === 0 ? undefined : `${sessions} sessions, and nobody there`;
    }, emptyLimitMs);
    await sleep(quietMs);
    valleys.push({
      rssBytes: member.rssBytes(),
      liveMib: liveMib(member),
      openFiles: member.openFiles(),
    });
    say('everybody has left');
  }
  process.stdout.write(`rejected by the member: ${rejections(member)}\n`);
  process.stdout.write(`${crowd.failures.length} ordinary visits failed\n`);
  for (const failure of crowd.failures.slice(0, 10)) process.stdout.write(`  ${failure}\n`);
  await member.close();
  return judge(valleys);
}

/**
 * `--trace-gc` writes `[pid:isolate] time ms: Mark-Compact … 25.1 (52.4) -> 18.2 (51.0) MB …`; the
 * main thread's isolate is the one with the larger heap.
 */
function liveMib(member: AgentProcess): number {
  const latest = new Map<string, number>();
  const pattern = /^\[\d+:(\S+)\].*Mark-Compact.*-> ([\d.]+) \(/gm;
  for (const [, isolate = '', live = ''] of member.output.matchAll(pattern)) {
    latest.set(isolate, Number(live));
  }
  return Math.max(0, ...latest.values());
}

/** Why the member let somebody in no further, and how often. */
function rejections(member: AgentProcess): string {
  const counts = new Map<string, number>();
  for (const { reason } of member.lines('login.rejected')) {
    counts.set(String(reason), (counts.get(String(reason)) ?? 0) + 1);
  }
  return JSON.stringify(Object.fromEntries(counts));
}

/** The first pause is left out: until then caches fill and code is compiled. */
function judge(valleys: readonly Valley[]): boolean {
  const [, first] = valleys;
  const last = valleys.at(-1);
  if (first === undefined || last === undefined || first === last) return true;
  const grownMib = (last.rssBytes - first.rssBytes) / mebibyte;
  const live = last.liveMib - first.liveMib;
  const files = last.openFiles - first.openFiles;
  process.stdout.write(
    'between the second pause and the last: ' +
      `${grownMib.toFixed(1)} MiB resident, ${live.toFixed(1)} MiB live, ${files} files\n`,
  );
  return grownMib < grownMibMax && live < liveGrownMibMax && files <= 0;
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

process.exitCode = (await soak()) ? 0 : 1;
