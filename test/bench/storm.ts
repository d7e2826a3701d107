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
import { cpuSeconds } from './process-cost.ts';
import { type ServerName, startServer } from './server-under-test.ts';
import { type SpeedOptions, speedOptions } from './speed-options.ts';

/**
 * Many sessions lost at once, and their clients coming back all at once: `npm run bench:storm`.
 * Behind our member is a stand-in for the agent API that takes its time for each ticket; the front
 * door is not part of it. Genuine clients would spread themselves over their retry interval.
 */
const what = 'Sessions lost at once and logging in again, and what settled sessions feel of it.';

const crowd = 1_500;
const settledPairs = 25;
const pingEveryMs = 50;
/** The crowd builds up gently; what is measured comes after. */
const gentlyAtOnce = 20;

const options = speedOptions('bench:storm', what, 4);
await inNetwork((network) => main(network, options));

async function main(network: Network, options: SpeedOptions): Promise<void> {
  say(machineLine());
  say(`${crowd} sessions in the storm, ${2 * settledPairs} settled; ms.`);
  const rows: string[][] = [];
  for (const name of options.servers) rows.push(await measure(network, name, options));
  const titles = ['server', 'back in s', 'tried again', 'p50 before', 'p99 before'];
  say(columns([...titles, 'p50', 'p99', 'worst', 'settled lost', 'CPU-s'], rows));
}

async function measure(
  network: Network,
  name: ServerName,
  options: SpeedOptions,
): Promise<string[]> {
  const server = await startServer(name, network, options);
  const settledHost = await network.host('settled', { addresses: ['10.77.0.8'] });
  const crowdHost = await network.host('crowd', { addresses: ['10.77.0.9'] });
  const [settled, first, second] = [settledHost, crowdHost, crowdHost].map(startGenerator);
  if (settled === undefined || first === undefined || second === undefined) throw new Error();
  const to = { server: serverOf(server), atOnce: gentlyAtOnce };
  try {
    if (options.realTime) {
      const loading = [first.pid, second.pid];
      await setPriorities(server, { measuring: [settled.pid], loading });
    }
    const settledLogins = await server.logins(2 * settledPairs);
    await settled.call('connect', { ...to, logins: settledLogins, firstStation: 1 });
    await settled.call('startPings', { pairs: settledPairs, everyMs: pingEveryMs });
    await first.call('connect', { ...to, logins: await server.logins(crowd), firstStation: 1_001 });
    await settled.call('takeRounds', null);
    await sleep(options.runMs);
    const calm = await settled.call('takeRounds', null);

    const logins = await server.logins(crowd);
    const pids = await server.pids();
    const cpuBefore = cpuSeconds(pids);
    first.kill();
    const again = { server: serverOf(server), logins, atOnce: crowd, firstStation: 10_001 };
    const back = await second.call('connect', again);
    const storm = await settled.call('takeRounds', null);
    const { ended } = await settled.call('sessions', null);
    const at = (rounds: { roundsMs: number[] }, share: number) =>
      percentile(rounds.roundsMs, share).toFixed(1);
    return [
      name,
      (back.ms / 1000).toFixed(1),
      String(back.retries),
      at(calm, 0.5),
      at(calm, 0.99),
      at(storm, 0.5),
      at(storm, 0.99),
      at(storm, 1),
      String(ended),
      (cpuSeconds(pids) - cpuBefore).toFixed(1),
    ];
  } finally {
    for (const generator of [settled, first, second]) generator.kill();
    network.remove(settledHost);
    network.remove(crowdHost);
    network.remove(server.host);
  }
}
