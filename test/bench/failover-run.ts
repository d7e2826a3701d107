import { type Account, GenuineClient } from '#test/netns/genuine-client.ts';
import type { Network } from '#test/netns/network.ts';
import type { PingLog } from '#test/netns/ping-log.ts';
import { eventually } from '#test/support/eventually.ts';
import { type CaseName, failoverCases } from './failover-cases.ts';
import type { ClusterUnderTest, Fault } from './failover-cluster.ts';

/** What one fault cost two clients; zero is "nothing", undefined "not within the limit". */
export interface FailoverRun {
  /** From the fault until both said "connected" again. */
  readonly backMs: number | undefined;
  /** From the fault until pings were answered again. */
  readonly framesMs: number | undefined;
  readonly lostPings: number | undefined;
}

const establishLimitMs = 30_000;
const returnLimitMs = 90_000;
const leaveLimitMs = 3_000;
/** After both clients are connected: ARP and a ping take far less, a damaged client forever. */
const frameLimitMs = 20_000;
/** The first frames prove little: a damaged client may pass some. */
const steadyMs = 2_000;
/** After an outage: as long as a control plane needs to make a mess of what comes back. */
const settleMs = 15_000;
/** Pings are this far apart, give or take a busy machine; a longer silence is an outage. */
const silenceMs = 1_000;
/** On every hub the same: hubs are isolated. */
const tapAddresses = ['10.88.0.1', '10.88.0.2'] as const;
/** Client addresses on the switch, above those of clusters. */
const addresses = { first: 20, count: 220 } as const;

let hosts = 0;

/** What is done, and to how many pairs of clients at once. */
export interface Trial {
  readonly name: CaseName;
  readonly outageMs: number;
  readonly pairs: number;
}

/** Two clients on a hub of their own, one of which pings the other. */
interface Pair {
  readonly clients: readonly GenuineClient[];
  /** The member both are on. */
  readonly address: string;
  readonly pings: PingLog;
  /** From when on pings count. */
  readonly sinceMs: number;
}

/**
 * Pairs of fresh genuine clients: do it and watch. An outage should hit none of them; of anything
 * else those are watched that are on the member with most of them.
 */
export async function measureFailover(
  network: Network,
  cluster: ClusterUnderTest,
  trial: Trial,
): Promise<FailoverRun[]> {
  const clients: GenuineClient[] = [];
  const pairs: Pair[] = [];
  try {
    for (const hub of cluster.hubs.slice(0, trial.pairs)) {
      const dials = tapAddresses.map((address) => dial(network, cluster, hub, address));
      clients.push(...(await Promise.all(dials)));
    }
    const talks = clients.flatMap((_, i) =>
      i % 2 === 0 ? [talking(clients.slice(i, i + 2))] : [],
    );
    pairs.push(...(await Promise.all(talks)));
    return await measure(pairs, cluster, trial);
  } finally {
    for (const { pings } of pairs) pings.stop();
    await Promise.all(clients.map(leave));
    for (const { host } of clients) network.remove(host);
  }
}

async function dial(
  network: Network,
  cluster: ClusterUnderTest,
  hub: string,
  tapAddress: string,
): Promise<GenuineClient> {
  hosts += 1;
  const address = `10.77.0.${addresses.first + (hosts % addresses.count)}`;
  const host = await network.host(`client${hosts}`, { addresses: [address] });
  const account: Account = {
    ...cluster,
    hub,
    credential: { kind: 'password', password: cluster.password },
    retryIntervalSeconds: 5,
    maxConnections: 2,
  };
  return GenuineClient.dial(host, account, tapAddress);
}

async function talking(clients: readonly GenuineClient[]): Promise<Pair> {
  const [pinger] = clients;
  if (!pinger) throw new Error('two clients expected');
  await Promise.all(clients.map((client) => client.established(establishLimitMs)));
  const [, target] = tapAddresses;
  await pinger.reaches(target, frameLimitMs);
  const address = await pinger.serverAddress();
  if (address === undefined) throw new Error('the session has no connection');
  const pings = pinger.pingLog(target);
  try {
    const firstReplyMs = await pings.repliesAfter(0, frameLimitMs);
    // A few replies, so that ARP and the first keep-alives are not part of what is measured.
    const sinceMs = await pings.repliesAfter(firstReplyMs + steadyMs, frameLimitMs);
    return { clients, address, pings, sinceMs };
  } catch (error) {
    pings.stop();
    throw error;
  }
}

/** Leave no session behind for the next run; a damaged client may not be able to. */
async function leave(client: GenuineClient): Promise<void> {
  const sinceMs = Date.now();
  await client.disconnect().catch(() => undefined);
  const hasLeft = () => (client.lastFailure()?.atMs ?? 0) >= sinceMs;
  await eventually(() => (hasLeft() ? undefined : 'still there'), leaveLimitMs).catch(
    () => undefined,
  );
}

async function measure(
  pairs: readonly Pair[],
  cluster: ClusterUnderTest,
  { name, outageMs }: Trial,
): Promise<FailoverRun[]> {
  const { isOutage } = failoverCases[name];
  const together = mostTogether(pairs);
  const [first] = together;
  if (!first) throw new Error('no pair of clients');
  const fault = await cluster.inflict(name, first.address);
  try {
    if (!isOutage) return await Promise.all(together.map((pair) => returned(pair, fault)));
    await pause(outageMs);
  } finally {
    await fault.undo();
  }
  await pause(settleMs);
  return Promise.all(pairs.map((pair) => stayedOrReturned(pair, fault)));
}

/** All pairs on the member that has most of them. */
function mostTogether(pairs: readonly Pair[]): readonly Pair[] {
  const groups = pairs.map(({ address }) => pairs.filter((pair) => pair.address === address));
  return groups.reduce((most, group) => (group.length > most.length ? group : most), []);
}

/** Sessions that must break, and come again. */
async function returned(pair: Pair, { atMs }: Fault): Promise<FailoverRun> {
  const returns = pair.clients.map((client) => client.returned(atMs, returnLimitMs));
  const times = await Promise.all(returns).catch(() => undefined);
  if (times === undefined) return never;
  return watchFrames(pair, atMs, Math.max(...times));
}

/** Sessions that should not have broken. */
async function stayedOrReturned(pair: Pair, { atMs }: Fault): Promise<FailoverRun> {
  const { clients } = pair;
  const stand = clients.map((client) => client.established(returnLimitMs));
  const all = await Promise.all(stand).catch(() => undefined);
  if (all === undefined) return never;
  const times = clients.map((client) => client.connectedAfter(atMs) ?? atMs);
  return watchFrames(pair, atMs, Math.max(...times));
}

const never: FailoverRun = { backMs: undefined, framesMs: undefined, lostPings: undefined };

async function watchFrames(
  { pings, sinceMs }: Pair,
  atMs: number,
  connectedMs: number,
): Promise<FailoverRun> {
  const backMs = connectedMs - atMs;
  try {
    const afterMs = Math.max(connectedMs, Date.now() - silenceMs);
    const firstMs = await pings.repliesAfter(afterMs, frameLimitMs);
    await pings.repliesAfter(firstMs + steadyMs, frameLimitMs);
  } catch {
    return { backMs, framesMs: undefined, lostPings: undefined };
  }
  const { fromMs, toMs } = pings.longestSilence(sinceMs);
  const framesMs = toMs - fromMs < silenceMs ? 0 : toMs - atMs;
  return { backMs, framesMs, lostPings: pings.lostSince(sinceMs) };
}

function pause(delayMs: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, delayMs));
}
