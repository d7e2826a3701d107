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
const target = '10.88.0.2';
/** Client addresses on the switch, above those of clusters. */
const addresses = { first: 20, count: 220 } as const;

let hosts = 0;

/** Two fresh genuine clients on the hub, ping each other; do it and watch. */
export async function measureFailover(
  network: Network,
  cluster: ClusterUnderTest,
  name: CaseName,
  outageMs: number,
): Promise<FailoverRun> {
  const clients = await Promise.all([1, 2].map((n) => dial(network, cluster, `10.88.0.${n}`)));
  try {
    return await measure(clients, cluster, name, outageMs);
  } finally {
    await Promise.all(clients.map(leave));
    for (const { host } of clients) network.remove(host);
  }
}

async function dial(
  network: Network,
  cluster: ClusterUnderTest,
  tapAddress: string,
): Promise<GenuineClient> {
  hosts += 1;
  const address = `10.77.0.${addresses.first + (hosts % addresses.count)}`;
  const host = await network.host(`client${hosts}`, { addresses: [address] });
  const account: Account = {
    ...cluster,
    credential: { kind: 'password', password: cluster.password },
    retryIntervalSeconds: 5,
    maxConnections: 2,
  };
  return GenuineClient.dial(host, account, tapAddress);
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
  clients: readonly GenuineClient[],
  cluster: ClusterUnderTest,
  name: CaseName,
  outageMs: number,
): Promise<FailoverRun> {
  const [pinger] = clients;
  if (!pinger) throw new Error('two clients expected');
  await Promise.all(clients.map((client) => client.established(establishLimitMs)));
  await pinger.reaches(target, frameLimitMs);
  const address = await pinger.serverAddress();
  if (address === undefined) throw new Error('the session has no connection');
  const pings = pinger.pingLog(target);
  try {
    const firstReplyMs = await pings.repliesAfter(0, frameLimitMs);
    // A few replies, so that ARP and the first keep-alives are not part of what is measured.
    const sinceMs = await pings.repliesAfter(firstReplyMs + steadyMs, frameLimitMs);
    const fault = await cluster.inflict(name, address);
    try {
      if (!failoverCases[name].isOutage) return await returned(clients, pings, fault, sinceMs);
      await pause(outageMs);
    } finally {
      await fault.undo();
    }
    await pause(settleMs);
    return await stayedOrReturned(clients, pings, fault, sinceMs);
  } finally {
    pings.stop();
  }
}

/** Sessions that must break, and come again. */
async function returned(
  clients: readonly GenuineClient[],
  pings: PingLog,
  { atMs }: Fault,
  sinceMs: number,
): Promise<FailoverRun> {
  const returns = clients.map((client) => client.returned(atMs, returnLimitMs));
  const times = await Promise.all(returns).catch(() => undefined);
  if (times === undefined) return never;
  return watchFrames(pings, atMs, sinceMs, Math.max(...times));
}

/** Sessions that should not have broken. */
async function stayedOrReturned(
  clients: readonly GenuineClient[],
  pings: PingLog,
  { atMs }: Fault,
  sinceMs: number,
): Promise<FailoverRun> {
  const stand = clients.map((client) => client.established(returnLimitMs));
  const all = await Promise.all(stand).catch(() => undefined);
  if (all === undefined) return never;
  const times = clients.map((client) => client.connectedAfter(atMs) ?? atMs);
  return watchFrames(pings, atMs, sinceMs, Math.max(...times));
}

const never: FailoverRun = { backMs: undefined, framesMs: undefined, lostPings: undefined };

async function watchFrames(
  pings: PingLog,
  atMs: number,
  sinceMs: number,
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
