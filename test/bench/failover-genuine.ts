import { GenuineServer } from '#test/netns/genuine-server.ts';
import type { ClusterStart } from './failover-cluster.ts';

const login = { hub: 'BENCH', user: 'alice', password: 'pw-alice' } as const;
/** The controller lists itself too. */
const serverCount = 3;

/** One genuine controller that only controls, and two genuine members. */
export const startGenuine: ClusterStart = async (network) => {
  const addresses = ['10.77.0.1', '10.77.0.2', '10.77.0.3'];
  const servers: GenuineServer[] = [];
  for (const [index, address] of addresses.entries()) {
    const host = await network.host(`server${index}`, { addresses: [address] });
    servers.push(await GenuineServer.start(host));
  }
  const [controller, ...members] = servers;
  if (!controller) throw new Error('no controller');
  await controller.becomeController();
  for (const member of members) await member.becomeMember(controller.host);
  await controller.membersSeen(serverCount);
  await controller.admin('HubCreateDynamic', login.hub, '/PASSWORD:none');
  await controller.createUser(login.hub, login.user, login.password);
  let ended: GenuineServer | undefined;
  return {
    name: 'genuine 5.01',
    server: `${controller.host.address}:443`,
    ...login,
    endings: ['kill -9', 'SIGTERM'],
    end: async (address, ending) => {
      ended = members.find((member) => member.host.address === address);
      if (!ended) throw new Error(`no genuine member at ${address}`);
      const endedMs = Date.now();
      await ended.end(ending === 'SIGTERM' ? 'SIGTERM' : 'SIGKILL');
      return endedMs;
    },
    heal: async () => {
      await ended?.restart();
      ended = undefined;
      await controller.membersSeen(serverCount);
    },
    stop: async () => undefined,
  };
};
