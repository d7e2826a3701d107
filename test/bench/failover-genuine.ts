import { dropSilently, whyNoDrops } from '#test/netns/cut.ts';
import { GenuineServer } from '#test/netns/genuine-server.ts';
import type { CaseName } from './failover-cases.ts';
import { type ClusterStart, type Fault, hubNames, nothing } from './failover-cluster.ts';

const login = { user: 'alice', password: 'pw-alice' } as const;
/** The controller lists itself too. */
const serverCount = 3;

/** One genuine controller that only controls, and two genuine members. */
export const startGenuine: ClusterStart = async (network, hubCount) => {
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
  const hubs = hubNames(hubCount);
  for (const hub of hubs) {
    await controller.admin('HubCreateDynamic', hub, '/PASSWORD:none');
    await controller.createUser(hub, login.user, login.password);
  }
  const controllerHost = controller.host;
  let ended: GenuineServer | undefined;

  async function inflict(name: CaseName, address: string): Promise<Fault> {
    const member = members.find(({ host }) => host.address === address);
    if (!member) throw new Error(`no genuine member at ${address}`);
    const atMs = Date.now();
    switch (name) {
      case 'agent':
        return { atMs: await member.crash(), undo: nothing };
      case 'member':
      case 'drain':
        ended = member;
        await member.end(name === 'drain' ? 'SIGTERM' : 'SIGKILL');
        return { atMs, undo: nothing };
      case 'silent':
        await member.end('SIGSTOP');
        return { atMs, undo: () => member.end('SIGCONT') };
      case 'cut':
        await member.host.linkDown();
        return { atMs, undo: () => member.host.linkUp() };
      case 'front-door':
        return {
          atMs,
          undo: await dropSilently(controllerHost, ['tcp dport 443', 'tcp sport 443']),
        };
      case 'store':
        throw new Error(noStore);
    }
  }

  return {
    title: 'genuine 5.01',
    server: `${controller.host.address}:443`,
    hubs,
    ...login,
    obstacle: (name) => {
      if (name === 'store') return noStore;
      return name === 'front-door' ? whyNoDrops() : undefined;
    },
    inflict,
    heal: async () => {
      await ended?.restart();
      ended = undefined;
      await controller.membersSeen(serverCount);
    },
    stop: async () => undefined,
  };
};

const noStore = 'a genuine controller keeps its state in its own memory';
