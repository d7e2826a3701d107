import type { Network } from '#test/netns/network.ts';
import { inNetwork, machineLine, say } from './bench-network.ts';
import { columns } from './columns.ts';
import { type ServerName, type ServerUnderTest, startServer } from './server-under-test.ts';
import { type SpeedOptions, speedOptions } from './speed-options.ts';
import { type Case, type Measured, measureFlow } from './throughput-run.ts';

/**
 * How much a server forwards for one second of its CPU time: `npm run bench:throughput`. A
 * generator in a process of its own sends from one session to another, with a window, as TCP
 * would; the same one against both servers. Wall-clock rates are the machine's, not the server's.
 */
const what = 'GB and frames a server forwards per CPU-second, and what it loses.';

/** Frames of bulk TCP, which come with acknowledgements the other way. */
const ackedBytesMin = 1_000;

const options = speedOptions('bench:throughput', what, 5);
await inNetwork((network) => main(network, options));

async function main(network: Network, options: SpeedOptions): Promise<void> {
  say(machineLine());
  const results = new Map<string, Measured>();
  const cases = options.pairCounts.flatMap((pairs) =>
    options.frameSizes.flatMap((frameBytes): Case[] => {
      const oneWay = { pairs, frameBytes, isAcknowledged: false };
      return frameBytes < ackedBytesMin ? [oneWay] : [{ ...oneWay, isAcknowledged: true }, oneWay];
    }),
  );
  const servers = new Map<ServerName, ServerUnderTest>();
  for (const name of options.servers) servers.set(name, await startServer(name, network, options));
  for (const one of cases) {
    for (const [name, server] of servers) {
      results.set(keyOf(name, one), await measureFlow(network, server, one, options.runMs));
    }
  }
  const titles = ['pairs', 'frame', 'acks', 'server', 'GB/CPU-s', 'kframes/CPU-s', 'lost'];
  const body = cases.flatMap((one) => rowsOf(one, options.servers, results));
  say(columns([...titles, 'Mbit/s', 'server CPU', 'generator CPU'], body));
}

function rowsOf(
  one: Case,
  servers: readonly ServerName[],
  results: ReadonlyMap<string, Measured>,
): string[][] {
  const of = (name: ServerName) => results.get(keyOf(name, one));
  const lead = [String(one.pairs), String(one.frameBytes), one.isAcknowledged ? 'yes' : 'no'];
  const rows = servers.flatMap((name) => {
    const measured = of(name);
    return measured === undefined ? [] : [[...lead, name, ...cells(measured)]];
  });
  const [ours, genuine] = [of('etherfleet'), of('genuine')];
  if (ours === undefined || genuine === undefined) return rows;
  const ratio = (pick: (measured: Measured) => number) =>
    (pick(ours) / ours.serverCpu / (pick(genuine) / genuine.serverCpu)).toFixed(2);
  const ratios = [ratio(({ gb }) => gb), ratio(({ frames }) => frames)];
  return [...rows, [...lead, 'ratio', ...ratios, '', '', '', '']];
}

function keyOf(name: ServerName, { pairs, frameBytes, isAcknowledged }: Case): string {
  return `${name} ${pairs} ${frameBytes} ${isAcknowledged}`;
}

function cells({ gb, frames, lost, seconds, serverCpu, generatorCpu }: Measured): string[] {
  return [
    (gb / serverCpu).toFixed(3),
    (frames / serverCpu / 1000).toFixed(0),
    String(lost),
    ((gb * 8000) / seconds).toFixed(0),
    `${((100 * serverCpu) / seconds).toFixed(0)}%`,
    `${((100 * generatorCpu) / seconds).toFixed(0)}%`,
  ];
}
