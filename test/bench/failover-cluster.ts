import type { Undo } from '#test/netns/cut.ts';
import type { Network } from '#test/netns/network.ts';
import type { CaseName } from './failover-cases.ts';

/** Something done to a cluster. */
export interface Fault {
  /** When, Unix milliseconds. */
  readonly atMs: number;
  /** Let things be as they were; what died stays dead until the cluster is healed. */
  readonly undo: Undo;
}

/** A cluster the bench may hurt: a genuine one or ours, in the same namespaces. */
export interface ClusterUnderTest {
  readonly title: string;
  /** What clients dial. */
  readonly server: string;
  /** Dynamic hubs, as many as were asked for, each with the same password user. */
  readonly hubs: readonly string[];
  readonly user: string;
  readonly password: string;
  /** Why it cannot do this case, or nothing. */
  obstacle(name: CaseName): string | undefined;
  /** Do it; the clients' sessions are on the member at this address. */
  inflict(name: CaseName, address: string): Promise<Fault>;
  /** Wait until all members are there again. */
  heal(): Promise<void>;
  stop(): Promise<void>;
}

/** Start a cluster with so many hubs on a network of its own. */
export type ClusterStart = (network: Network, hubCount: number) => Promise<ClusterUnderTest>;

/** Names of so many hubs. */
export function hubNames(count: number): string[] {
  return Array.from({ length: count }, (_, index) => `BENCH${index + 1}`);
}

/** Nothing to be undone: whatever died is replaced. */
export const nothing: Undo = async () => undefined;
