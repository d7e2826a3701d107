import { parseArgs } from 'node:util';
import { AgentProcess } from '#test/support/agent-process.ts';
import { eventually } from '#test/support/eventually.ts';
import { Crowd } from './soak-crowd.ts';

// A member, as it is deployed, under a crowd that comes and goes in every way it can. From time to
// time everybody leaves: what the member then still holds is what it leaks. Prints a row a minute
// and one for each such pause; ends with 1 if memory or handles grew.

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '30' },
    crowd: { type: 'string', default: '60' },
    /** Minutes between two pauses. */
    'pause-every': { type: 'string', default: '3' },
    help: { type: 'boolean', default: false },
  },
});
const usage = 'npm run bench:soak -- [--minutes 30] [--crowd 60] [--pause-every 3]\n';

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
/** Resident memory may differ by this much between the second pause and the last. */
const grownMax = 24 * mebibyte;
/** A heap is collected when V8 thinks fit; a quiet member has time for it. */
const quietMs = 5_000;

interface Valley {
  readonly rssBytes: number;
  readonly openFiles: number;
}

const titles = ['minute', 'rss MiB', 'files', 'sessions', 'logins', 'strangers', '   frames'];

function line(cells: readonly string[], note = ''): void {
  const padded = cells.map((cell, n) => cell.padStart(titles[n]?.length ?? 0));
  process.stdout.write(`${[...padded, note].join('  ').trimEnd()}\n`);
}

async function soak(): Promise<boolean> {
  const member = await new AgentProcess().prepare();
  member.plane.timing = timing;
  member.start({ ...member.config(), capacity: 1_000 });
  await member.joined();
  const crowd = new Crowd(member, Number(values.crowd));
  const startedMs = performance.now();
  const endsMs = startedMs + Number(values.minutes) * minuteMs;
  const pauseEveryMs = Number(values['pause-every']) * minuteMs;
  const valleys: Valley[] = [];

  const say = (note?: string): void => {
    const { stranger, ...visitors } = crowd.deeds;
    const logins = Object.values(visitors).reduce((sum, count) => sum + count, 0);
    const numbers = [
      ((performance.now() - startedMs) / minuteMs).toFixed(1),
      (member.rssBytes() / mebibyte).toFixed(0),
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
    valleys.push({ rssBytes: member.rssBytes(), openFiles: member.openFiles() });
    say('everybody has left');
  }
  await member.close();
  return judge(valleys, crowd.failures);
}

/** The first pause is left out: until then caches fill and code is compiled. */
function judge(valleys: readonly Valley[], failures: readonly string[]): boolean {
  const [, first] = valleys;
  const last = valleys.at(-1);
  process.stdout.write(`${failures.length} ordinary visits failed\n`);
  for (const failure of failures.slice(0, 10)) process.stdout.write(`  ${failure}\n`);
  if (first === undefined || last === undefined || first === last) return failures.length === 0;
  const grown = last.rssBytes - first.rssBytes;
  const files = last.openFiles - first.openFiles;
  process.stdout.write(
    `between the second pause and the last: ${(grown / mebibyte).toFixed(1)} MiB, ${files} files\n`,
  );
  return grown < grownMax && files <= 0 && failures.length === 0;
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

if (values.help) process.stdout.write(usage);
else process.exitCode = (await soak()) ? 0 : 1;
