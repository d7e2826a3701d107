import type { Host } from '#test/netns/host.ts';
import type { Network } from '#test/netns/network.ts';

/** How a member ends: without a word, or asked to leave. */
export type Ending = 'kill -9' | 'SIGTERM';

/** A cluster whose members the bench may end: a genuine one or ours, in the same namespaces. */
export interface ClusterUnderTest {
  readonly name: string;
  /** What clients dial. */
  readonly server: string;
  /** A dynamic hub with one password user. */
  readonly hub: string;
  readonly user: string;
  readonly password: string;
  readonly endings: readonly Ending[];
  /** End the member at this address; when that happened, Unix milliseconds. */
  end(address: string, ending: Ending): Promise<number>;
  /** Wait until all members are there again. */
  heal(): Promise<void>;
  stop(): Promise<void>;
}

/** Start a cluster on a network of its own. */
export type ClusterStart = (network: Network) => Promise<ClusterUnderTest>;

/** A host for client `number` of a run, outside the addresses clusters use. */
export function clientHost(network: Network, run: number, number: number): Promise<Host> {
  const address = `10.77.0.${20 + run * 2 + number}`;
  return network.host(`client${run}x${number}`, { addresses: [address] });
}
