import { GenuineClient } from '#test/netns/genuine-client.ts';
import type { Network } from '#test/netns/network.ts';
import { amount, someOf, tool, wholeNumber, wholeNumbers } from '#test/support/command-line.ts';
import { inNetwork, machineLine, say } from './bench-network.ts';
import { columns } from './columns.ts';
import {
  type ClientPair,
  type IperfKind,
  type IperfResult,
  iperfKinds,
  runIperf,
  startIperf,
  whyNoIperf,
} from './iperf-run.ts';
import { type DialledServer, startDialled } from './iperf-servers.ts';
import { cpuSeconds } from './process-cost.ts';
import { type ServerName, serverNames } from './server-under-test.ts';

/**
 * What users see: genuine clients that dial the front door, or a genuine server, and iperf3 from
 * one client's virtual adapter to another's. `npm run bench:iperf`. Clients cost more than either
 * server and share its machine, so Mbit/s are the machine's; compare what a CPU-second carries.
 */
const what = 'Genuine clients and iperf3 through our cluster and through a genuine server.';

interface Case {
  readonly pairs: number;
  readonly kind: IperfKind;
}

interface Measured extends IperfResult {
  readonly serverCpu: number;
}

const connectLimitMs = 60_000;
const reachLimitMs = 20_000;
/** Neighbours are known, and the compiler of ours has seen frames. */
const warmSeconds = 2;
/** Clients' addresses on the switch, above those of servers. */
const firstAddress = 20;

const options = tool('bench:iperf', what)
  .option('--servers <A,B>', 'whom to measure', someOf(serverNames), serverNames)
  .option('--seconds <N>', 'of each measurement', amount(86_400), 4)
  .option('--pairs <A,B>', 'pairs of clients at once', wholeNumbers(1, 50), [1, 4])
  .option('--connections <N>', 'of each client’s session', wholeNumber(1, 32), 1)
  .option('--udp-mbit <N>', 'datagrams offered by all pairs together', amount(100_000), 100)
  .parse()
  .opts<{
    servers: readonly ServerName[];
    seconds: number;
    pairs: readonly number[];
    connections: number;
    udpMbit: number;
  }>();
const { servers: names, pairs: pairCounts, seconds } = options;
const pairsMax = Math.max(...pairCounts);
const udpBits = options.udpMbit * 1e6;

await inNetwork(main);

async function main(network: Network): Promise<void> {
  say(machineLine());
  const servers: DialledServer[] = [];
  for (const name of names) servers.push(await startDialled(name, network));
  const pairs = new Map<ServerName, readonly ClientPair[]>();
  for (const server of servers) pairs.set(server.name, await connected(network, server));
  for (const used of pairs.values()) await runIperf(used, 'TCP both ways', warmSeconds, udpBits);
  const results = new Map<string, Measured>();
  const cases = pairCounts.flatMap((count) => iperfKinds.map((kind) => ({ pairs: count, kind })));
  for (const one of cases) {
    for (const server of servers) {
      const used = (pairs.get(server.name) ?? []).slice(0, one.pairs);
      results.set(keyOf(server.name, one), await measure(server, used, one.kind));
    }
  }
  const titles = ['pairs', 'what', 'server', 'Mbit/s', 'GB/CPU-s', 'server CPU', 'resent', 'lost'];
  say(
    columns(
      titles,
      cases.flatMap((one) => rowsOf(one, results)),
    ),
  );
  for (const server of servers) await server.stop();
}

/** Pairs of clients, each on a host of its own, that reach each other. */
async function connected(network: Network, server: DialledServer): Promise<ClientPair[]> {
  const clients: GenuineClient[] = [];
  for (let n = 0; n < 2 * pairsMax; n += 1) clients.push(await dial(network, server, n));
  await Promise.all(clients.map((client) => client.established(connectLimitMs)));
  const pairs = clients.flatMap((sender, n): ClientPair[] => {
    const receiver = clients[n + 1];
    return n % 2 === 0 && receiver !== undefined ? [[sender, receiver]] : [];
  });
  for (const [sender, receiver] of pairs) {
    await sender.reaches(receiver.tapAddress, reachLimitMs);
    await startIperf(receiver);
  }
  return pairs;
}

async function dial(network: Network, server: DialledServer, n: number): Promise<GenuineClient> {
  const number = firstAddress + names.indexOf(server.name) * 2 * pairsMax + n;
  const host = await network.host(`client${number}`, { addresses: [`10.77.0.${number}`] });
  const obstacle = n === 0 ? await whyNoIperf(host) : undefined;
  if (obstacle !== undefined) throw new Error(obstacle);
  const credential = { kind: 'password', password: server.password } as const;
  const maxConnections = options.connections;
  const account = { ...server, credential, maxConnections };
  return GenuineClient.dial(host, account, `10.88.0.${number}`);
}

async function measure(
  server: DialledServer,
  pairs: readonly ClientPair[],
  kind: IperfKind,
): Promise<Measured> {
  const [first] = pairs;
  if (first === undefined) throw new Error('no pair of clients');
  const pids = await server.pids(first[0]);
  const before = cpuSeconds(pids);
  const result = await runIperf(pairs, kind, seconds, udpBits);
  return { ...result, serverCpu: cpuSeconds(pids) - before };
}

function rowsOf(one: Case, results: ReadonlyMap<string, Measured>): string[][] {
  const lead = [String(one.pairs), one.kind];
  const rows = names.flatMap((name) => {
    const measured = results.get(keyOf(name, one));
    return measured === undefined ? [] : [[...lead, name, ...cells(measured)]];
  });
  const [ours, genuine] = serverNames.map((name) => results.get(keyOf(name, one)));
  if (ours === undefined || genuine === undefined) return rows;
  const ratio = (pick: (measured: Measured) => number) => (pick(ours) / pick(genuine)).toFixed(2);
  const ratios = [ratio(mbit), ratio(gbPerCpuSecond)];
  return [...rows, [...lead, 'ratio', ...ratios, '', '', '']];
}

function cells(measured: Measured): string[] {
  const { serverCpu, seconds: tookSeconds, retransmits, sent, lost } = measured;
  return [
    mbit(measured).toFixed(0),
    gbPerCpuSecond(measured).toFixed(3),
    `${((100 * serverCpu) / tookSeconds).toFixed(0)}%`,
    sent === 0 ? String(retransmits) : '',
    sent === 0 ? '' : `${((100 * lost) / sent).toFixed(1)}%`,
  ];
}

function mbit({ bytes, seconds: tookSeconds }: Measured): number {
  return (bytes * 8) / tookSeconds / 1e6;
}

function gbPerCpuSecond({ bytes, serverCpu }: Measured): number {
  return bytes / 1e9 / serverCpu;
}

function keyOf(name: ServerName, { pairs, kind }: Case): string {
  return `${name} ${pairs} ${kind}`;
}
