import type { Network } from '#test/netns/network.ts';
import {
  inNetwork,
  machineLine,
  percentile,
  say,
  serverOf,
  sleep,
  startGenerator,
} from './bench-network.ts';
import { columns } from './columns.ts';
import { setPriorities } from './priority.ts';
import { type ServerName, type ServerUnderTest, startServer } from './server-under-test.ts';
import { type SpeedOptions, speedOptions } from './speed-options.ts';

/**
 * How long a frame takes through the hub and another one back: `npm run bench:latency`. Two
 * sessions of one generator; under load, a pair of another sends bulk data through the same hub.
 */
const what = 'Round trips of a frame through the hub, milliseconds, idle and under load.';

const pingEveryMs = 3;
/** The same for both servers, and what the slower one carries with ease. */
const loadBytesPerSecond = 15_000_000;
const load = { frameBytes: 1500, windowFrames: 512, batchFrames: 8, isAcknowledged: true };
const settleMs = 1_500;

interface Measured {
  readonly p50: number;
  readonly p99: number;
  readonly rounds: number;
  readonly lost: number;
}

const options = speedOptions('bench:latency', what, 8);
await inNetwork((network) => main(network, options));

async function main(network: Network, options: SpeedOptions): Promise<void> {
  say(machineLine());
  const servers = new Map<ServerName, ServerUnderTest>();
  for (const name of options.servers) servers.set(name, await startServer(name, network, options));
  const rows: string[][] = [];
  for (const isLoaded of [false, true]) {
    const lead = isLoaded ? `${(loadBytesPerSecond * 8) / 1e6} Mbit/s` : 'idle';
    const measured = new Map<ServerName, Measured>();
    for (const [name, server] of servers) {
      const one = await measure(network, server, isLoaded, options);
      measured.set(name, one);
      const counts = [String(one.rounds), String(one.lost)];
      rows.push([lead, name, one.p50.toFixed(2), one.p99.toFixed(2), ...counts]);
    }
    const [ours, genuine] = [measured.get('etherfleet'), measured.get('genuine')];
    if (ours === undefined || genuine === undefined) continue;
    const ratios = [ours.p50 / genuine.p50, ours.p99 / genuine.p99];
    rows.push([lead, 'ratio', ...ratios.map((ratio) => ratio.toFixed(2)), '', '']);
  }
  say(columns(['load', 'server', 'p50', 'p99', 'rounds', 'lost'], rows));
}

async function measure(
  network: Network,
  server: ServerUnderTest,
  isLoaded: boolean,
  options: SpeedOptions,
): Promise<Measured> {
  const pinging = await network.host('ping', { addresses: ['10.77.0.8'] });
  const loading = await network.host('load', { addresses: ['10.77.0.9'] });
  const pinger = startGenerator(pinging);
  const loader = startGenerator(loading);
  try {
    if (options.realTime) {
      await setPriorities(server, { measuring: [pinger.pid], loading: [loader.pid] });
    }
    const to = { server: serverOf(server), atOnce: 2 };
    await pinger.call('connect', { ...to, logins: await server.logins(2), firstStation: 1 });
    if (isLoaded) {
      await loader.call('connect', { ...to, logins: await server.logins(2), firstStation: 101 });
      const flow = { ...load, pairs: 1, bytesPerSecond: loadBytesPerSecond };
      await loader.call('startFlows', flow);
    }
    await pinger.call('startPings', { pairs: 1, everyMs: pingEveryMs });
    await sleep(settleMs);
    await pinger.call('takeRounds', null);
    await sleep(options.runMs);
    const { roundsMs, lost } = await pinger.call('takeRounds', null);
    return {
      p50: percentile(roundsMs, 0.5),
      p99: percentile(roundsMs, 0.99),
      rounds: roundsMs.length,
      lost,
    };
  } finally {
    pinger.kill();
    loader.kill();
    network.remove(pinging);
    network.remove(loading);
  }
}
