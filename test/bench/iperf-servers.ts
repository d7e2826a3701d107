import { frontDoor, Stage } from '#test/interop/stage.ts';
import type { GenuineClient } from '#test/netns/genuine-client.ts';
import type { Network } from '#test/netns/network.ts';
import { GenuineHub } from './genuine-hub.ts';
import type { ServerName } from './server-under-test.ts';

/** What genuine clients dial: a whole cluster of ours, or a genuine server. */
export interface DialledServer {
  readonly name: ServerName;
  /** `address:port` */
  readonly server: string;
  readonly hub: string;
  readonly user: string;
  readonly password: string;
  /** The processes that carry the frames of this client, and nothing else. */
  pids(client: GenuineClient): Promise<readonly number[]>;
  stop(): Promise<void>;
}

const hub = 'BENCH';
const login = { user: 'alice', password: 'pw-alice' } as const;
const genuineAddress = '10.77.0.5';

export async function startDialled(name: ServerName, network: Network): Promise<DialledServer> {
  return name === 'genuine' ? startGenuine(network) : startEtherfleet(network);
}

/** Front door and members as `npm start` runs them; the hub is on one of them. */
async function startEtherfleet(network: Network): Promise<DialledServer> {
  const stage = await Stage.on(network);
  await stage.createHub(hub, 'dynamic');
  const credential = { kind: 'password', password: login.password } as const;
  await stage.createUser({ hub, user: login.user, credential });
  const { cluster } = stage;
  async function pids(client: GenuineClient): Promise<readonly number[]> {
    const address = await client.serverAddress();
    const member = cluster.members().find((one) => one.address === address);
    if (member === undefined) throw new Error(`${client.host.name} is on no member: ${address}`);
    const { pid, agentPid = pid } = member;
    return [...new Set([pid, agentPid])];
  }
  const stop = () => cluster.stop();
  return { name: 'etherfleet', server: frontDoor, hub, ...login, pids, stop };
}

async function startGenuine(network: Network): Promise<DialledServer> {
  const genuine = await GenuineHub.start(
    await network.host('genuine', { addresses: [genuineAddress] }),
  );
  return {
    name: 'genuine',
    server: `${genuine.address}:${genuine.port}`,
    hub: genuine.hub,
    ...login,
    pids: () => genuine.pids(),
    stop: async () => undefined,
  };
}
