import { frontDoor, memberAddresses, Stage } from '#test/interop/stage.ts';
import type { ClusterStart } from './failover-cluster.ts';

const login = { hub: 'BENCH', user: 'alice', password: 'pw-alice' } as const;
/** Between runs all members must be there again; the local group waits this long. */
const replaceAfterSeconds = 5;
const healLimitMs = 90_000;

/** Our cluster: the front door and three members on one host with four addresses. */
export const startEtherfleet: ClusterStart = async (network) => {
  const stage = await Stage.on(network, replaceAfterSeconds);
  await stage.createHub(login.hub, 'dynamic');
  const credential = { kind: 'password', password: login.password } as const;
  await stage.createUser({ ...login, credential });
  return {
    name: 'etherfleet',
    server: frontDoor,
    ...login,
    endings: ['kill -9', 'SIGTERM'],
    end: async (address, ending) => {
      const member = stage.cluster.members().find((one) => one.address === address);
      if (!member) throw new Error(`no member at ${address}`);
      return stage.cluster.killMember(member.id, ending === 'SIGTERM' ? 'SIGTERM' : 'SIGKILL');
    },
    heal: () => stage.cluster.membersActive(memberAddresses.length, healLimitMs),
    stop: () => stage.cluster.stop(),
  };
};
