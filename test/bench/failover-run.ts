import { type Account, GenuineClient } from '#test/netns/genuine-client.ts';
import type { Network } from '#test/netns/network.ts';
import { type ClusterUnderTest, clientHost, type Ending } from './failover-cluster.ts';

/** What one failover cost; undefined is "not within the limit". */
export interface FailoverRun {
  /** From the ending until both clients said "connected" again. */
  readonly connectedMs: number | undefined;
  /** The longest silence between two ping replies. */
  readonly silenceMs: number | undefined;
}

const establishLimitMs = 30_000;
const returnLimitMs = 90_000;
/** After both clients are connected: ARP and a ping take far less, a damaged client forever. */
const frameLimitMs = 20_000;

/** Two fresh genuine clients on the hub, ping each other; end their member and watch. */
export async function measureFailover(
  network: Network,
  cluster: ClusterUnderTest,
  ending: Ending,
  run: number,
): Promise<FailoverRun> {
  const account: Account = {
    ...cluster,
    credential: { kind: 'password', password: cluster.password },
    retryIntervalSeconds: 5,
    maxConnections: 2,
  };
  const clients = await Promise.all(
    [1, 2].map(async (number) =>
      GenuineClient.dial(await clientHost(network, run, number), account, `10.88.0.${number}`),
    ),
  );
  const [pinger, target] = clients;
  if (!pinger || !target) throw new Error('two clients expected');
  for (const client of clients) await client.established(establishLimitMs);
  await pinger.reaches('10.88.0.2', frameLimitMs);
  const address = await pinger.serverAddress();
  if (address === undefined) throw new Error('the session has no connection');
  const pings = pinger.pingLog('10.88.0.2');
  const lastReplyMs = await pings.repliesAfter(0, frameLimitMs);
  const endedMs = await cluster.end(address, ending);
  try {
    const connectedMs = await allConnected(clients, endedMs);
    if (connectedMs === undefined) return { connectedMs, silenceMs: undefined };
    const resumed = await pings.repliesAfter(connectedMs, frameLimitMs).catch(() => undefined);
    const silenceMs = resumed === undefined ? undefined : pings.longestSilenceMs(lastReplyMs);
    return { connectedMs: connectedMs - endedMs, silenceMs };
  } finally {
    pings.stop();
    for (const client of clients) await client.kill();
  }
}

async function allConnected(
  clients: readonly GenuineClient[],
  sinceMs: number,
): Promise<number | undefined> {
  const returns = clients.map((client) => client.returned(sinceMs, returnLimitMs));
  return Promise.all(returns).then(
    (times) => Math.max(...times),
    () => undefined,
  );
}
