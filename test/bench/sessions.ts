import type { Network } from '#test/netns/network.ts';
import { inNetwork, machineLine, say, serverOf, sleep, startGenerator } from './bench-network.ts';
import { columns } from './columns.ts';
import { cpuSeconds, residentBytes } from './process-cost.ts';
import { type ServerName, startServer } from './server-under-test.ts';
import { type SpeedOptions, speedOptions } from './speed-options.ts';

/** What sessions cost that do nothing but stay: `npm run bench:sessions`. */
const what = 'Memory and CPU of idle sessions, which only keep themselves alive.';

/** More are not asked of the genuine server: it has a thread or two for each. */
const genuineMax = 1_000;
/** Sessions of one generator: one process would be busy with all of them. */
const perGeneratorMax = 2_500;
const loginsAtOnce = 20;
/** Tickets are issued in portions, so that none gets old. */
const portion = 500;
const settleMs = 4_000;

const options = speedOptions('bench:sessions', what, 10);
await inNetwork((network) => main(network, options));

async function main(network: Network, options: SpeedOptions): Promise<void> {
  say(machineLine());
  say(`Session timeout ${options.sessionTimeoutMs / 1000} s (genuine: 20 s).`);
  const rows: string[][] = [];
  const perSession = new Map<string, number>();
  for (const name of options.servers) {
    for (const row of await measure(network, name, options)) {
      perSession.set(`${name} ${row.sessions}`, row.bytesEach);
      rows.push([
        String(row.sessions),
        name,
        (row.bytes / 1e6).toFixed(0),
        (row.bytesEach / 1e3).toFixed(0),
        `${(100 * row.core).toFixed(2)}%`,
      ]);
    }
  }
  for (const count of options.sessionCounts) {
    const [ours, genuine] = options.servers.map((name) => perSession.get(`${name} ${count}`));
    if (ours === undefined || genuine === undefined) continue;
    rows.push([String(count), 'ratio', '', (ours / genuine).toFixed(2), '']);
  }
  rows.sort((a, b) => Number(a[0]) - Number(b[0]));
  say(columns(['sessions', 'server', 'MB', 'KB each', 'of a core'], rows));
}

interface Row {
  readonly sessions: number;
  readonly bytes: number;
  readonly bytesEach: number;
  readonly core: number;
}

async function measure(network: Network, name: ServerName, options: SpeedOptions): Promise<Row[]> {
  const server = await startServer(name, network, options);
  const host = await network.host('load', { addresses: ['10.77.0.9'] });
  const generators: ReturnType<typeof startGenerator>[] = [];
  const rows: Row[] = [];
  try {
    await sleep(settleMs);
    const pids = await server.pids();
    const emptyBytes = residentBytes(pids);
    let sessions = 0;
    for (const count of options.sessionCounts) {
      if (name === 'genuine' && count > genuineMax) continue;
      while (sessions < count) {
        if (sessions % perGeneratorMax === 0) generators.unshift(startGenerator(host));
        const generator = generators[0] as (typeof generators)[number];
        const room = perGeneratorMax - (sessions % perGeneratorMax);
        const logins = await server.logins(Math.min(portion, count - sessions, room));
        const to = { server: serverOf(server), atOnce: loginsAtOnce };
        await generator.call('connect', { ...to, logins, firstStation: sessions + 1 });
        sessions += logins.length;
      }
      await sleep(settleMs);
      const before = { cpu: cpuSeconds(pids), atMs: performance.now() };
      await sleep(options.runMs);
      const seconds = (performance.now() - before.atMs) / 1000;
      const core = (cpuSeconds(pids) - before.cpu) / seconds;
      const bytes = residentBytes(pids);
      let ended = 0;
      for (const one of generators) ended += (await one.call('sessions', null)).ended;
      if (ended > 0) say(`${name}: ${ended} of ${sessions} sessions ended`);
      rows.push({ sessions, bytes, bytesEach: (bytes - emptyBytes) / sessions, core });
    }
  } finally {
    for (const generator of generators) generator.kill();
    network.remove(host);
    network.remove(server.host);
  }
  return rows;
}
