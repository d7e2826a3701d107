import { join } from 'node:path';
import { type ClientMode, type Credential, GenuineClient } from '#test/netns/genuine-client.ts';
import type { Host } from '#test/netns/host.ts';
import { Network } from '#test/netns/network.ts';
import { ClusterProcess } from '#test/support/cluster-process.ts';
import { eventually } from '#test/support/eventually.ts';

export const frontDoor = '10.77.0.1:443';
export const memberAddresses = ['10.77.0.2', '10.77.0.3', '10.77.0.4'] as const;
/** SoftEther's HubType_u32 (protocol/07). */
const hubTypes = { static: 1, dynamic: 2 } as const;
/** SoftEther's AuthType_u32 of a user record (protocol/03). */
const authTypes = { anonymous: 0, password: 1, plain: 1 } as const;
/** From the first attempt to "established": two TLS connections, on two busy cores. */
export const connectLimitMs = 30_000;
/** From "established" to the first reply. */
export const frameLimitMs = 10_000;

/** A heartbeat tells the sessions; of a client that left, when its session has timed out. */
export const reportLimitMs = 30_000;

interface FarmMember {
  readonly Ip_ip: string;
  readonly NumSessions_u32: number;
}

/** Who dials which hub. */
export interface Caller {
  readonly hub: string;
  readonly user: string;
  readonly credential: Credential;
  readonly maxConnections?: number;
  readonly mode?: ClientMode;
  /** Of its user, where it differs from the default: `policy:Name_bool` or `policy:Name_u32`. */
  readonly policy?: Readonly<Record<string, boolean | number>>;
  readonly server?: string;
}

/** Our cluster on one host with four addresses, and genuine programs on others. */
export class Stage {
  readonly network: Network;
  readonly cluster: ClusterProcess;
  /** Where front door and members are. */
  readonly host: Host;
  #hosts = 0;

  private constructor(network: Network, cluster: ClusterProcess, host: Host) {
    this.network = network;
    this.cluster = cluster;
    this.host = host;
  }

  static async raise(prefix: string): Promise<Stage> {
    return Stage.on(await Network.create(prefix));
  }

  /** On an empty network; members that died are replaced after `replaceAfterSeconds`. */
  static async on(network: Network, replaceAfterSeconds = 60): Promise<Stage> {
    const addresses = ['10.77.0.1', ...memberAddresses];
    const host = await network.host('cluster', { addresses });
    const cluster = await ClusterProcess.start({
      frontDoor,
      members: memberAddresses.map((address) => `${address}:443`),
      folder: join(host.folder, 'cluster'),
      replaceAfterSeconds,
      ground: host,
    });
    return new Stage(network, cluster, host);
  }

  async createHub(name: string, type: keyof typeof hubTypes): Promise<void> {
    await this.cluster.rpc('CreateHub', {
      HubName_str: name,
      AdminPasswordPlainText_str: `pw-${name}`,
      Online_bool: true,
      MaxSession_u32: 0,
      NoEnum_bool: false,
      HubType_u32: hubTypes[type],
    });
  }

  /** A user record that lets this caller in. */
  async createUser({ hub, user, credential, policy }: Caller): Promise<void> {
    await this.cluster.rpc('CreateUser', {
      HubName_str: hub,
      Name_str: user,
      AuthType_u32: authTypes[credential.kind],
      ...(credential.kind === 'anonymous' ? {} : { Auth_Password_str: credential.password }),
      ...(policy && { UsePolicy_bool: true, ...policy }),
    });
  }

  /** Another machine on the switch, with the address its virtual adapter should have. */
  async nextHost(): Promise<{ host: Host; tapAddress: string }> {
    this.#hosts += 1;
    const number = 10 + this.#hosts;
    const host = await this.network.host(`host${number}`, { addresses: [`10.77.0.${number}`] });
    return { host, tapAddress: `10.88.0.${number}` };
  }

  /** A genuine client that begins to connect; nobody waits for it here. */
  async dial(caller: Caller): Promise<GenuineClient> {
    const { host, tapAddress } = await this.nextHost();
    return GenuineClient.dial(host, { server: frontDoor, ...caller }, tapAddress);
  }

  /** Several genuine clients with sessions that stand. */
  async connected(...callers: readonly Caller[]): Promise<GenuineClient[]> {
    const clients = await Promise.all(callers.map((caller) => this.dial(caller)));
    await Promise.all(clients.map((client) => client.established(connectLimitMs)));
    return clients;
  }

  /** How many sessions each member reported with its last heartbeat, in the order of addresses. */
  async sessionCounts(): Promise<number[]> {
    const { FarmMemberList } = await this.cluster.rpc('EnumFarmMember');
    const members = FarmMemberList as readonly FarmMember[];
    return memberAddresses.map(
      (address) => members.find((member) => member.Ip_ip === address)?.NumSessions_u32 ?? 0,
    );
  }

  /** Wait until the members report these session counts. */
  async reports(counts: readonly number[], limitMs: number): Promise<void> {
    await eventually(async () => {
      const reported = await this.sessionCounts();
      if (reported.join() === counts.join()) return undefined;
      return `members report ${reported.join()} sessions instead of ${counts.join()}`;
    }, limitMs);
  }

  async lower(): Promise<void> {
    await this.cluster.stop();
    this.network.close();
  }
}
