import { readFileSync } from 'node:fs';
import { frontDoor, memberAddresses, Stage } from '#test/interop/stage.ts';
import { cutOff, dropSilently, type Undo, whyNoCuts, whyNoDrops } from '#test/netns/cut.ts';
import type { Host } from '#test/netns/host.ts';
import type { MemberState } from '#test/support/cluster-process.ts';
import type { CaseName } from './failover-cases.ts';
import { type ClusterStart, type Fault, hubNames, nothing } from './failover-cluster.ts';

const login = { user: 'alice', password: 'pw-alice' } as const;
/** Between runs all members must be there again; the local group waits this long. */
const replaceAfterSeconds = 5;
const healLimitMs = 120_000;

/** Our cluster: the front door and three members on one host with four addresses. */
export const startEtherfleet: ClusterStart = async (network, hubCount) => {
  const stage = await Stage.on(network, replaceAfterSeconds);
  const hubs = hubNames(hubCount);
  const credential = { kind: 'password', password: login.password } as const;
  for (const hub of hubs) {
    await stage.createHub(hub, 'dynamic');
    await stage.createUser({ hub, user: login.user, credential });
  }
  const { cluster, host } = stage;

  async function inflict(name: CaseName, address: string): Promise<Fault> {
    const member = cluster.members().find((one) => one.address === address);
    if (!member) throw new Error(`no member at ${address}`);
    switch (name) {
      case 'agent':
        return { atMs: signal(pidsOf(member).slice(-1), 'SIGKILL'), undo: nothing };
      case 'member':
        // The supervisor leads a process group: what the machine runs dies with it, at once.
        return { atMs: signal([-member.pid], 'SIGKILL'), undo: nothing };
      case 'drain':
        return { atMs: signal([member.pid], 'SIGTERM'), undo: nothing };
      case 'silent': {
        const pids = pidsOf(member);
        const undo = async () => void signal(pids, 'SIGCONT');
        return { atMs: signal(pids, 'SIGSTOP'), undo };
      }
      case 'cut':
        return begun(cutOff(host, pidsOf(member), address));
      case 'front-door':
        return begun(dropSilently(host, bothWays(frontDoor)));
      case 'store':
        return begun(dropSilently(host, bothWays(await storeEndpoint(host))));
    }
  }

  return {
    title: 'etherfleet',
    server: frontDoor,
    hubs,
    ...login,
    obstacle: (name) => {
      if (name === 'cut') return whyNoCuts();
      if (name === 'front-door' || name === 'store') return whyNoDrops();
      const isSupervised = cluster.members().every(({ agentPid }) => agentPid !== undefined);
      if (name === 'agent' && !isSupervised) return 'nothing restarts an agent process yet';
      return undefined;
    },
    inflict,
    heal: () => cluster.membersActive(memberAddresses.length, healLimitMs),
    stop: () => cluster.stop(),
  };
};

/** The supervisor's process and then the agent's, where they are two. */
function pidsOf({ pid, agentPid }: MemberState): number[] {
  return agentPid === undefined ? [pid] : [pid, agentPid];
}

function signal(pids: readonly number[], name: NodeJS.Signals): number {
  const atMs = Date.now();
  for (const pid of pids) process.kill(pid, name);
  return atMs;
}

async function begun(fault: Promise<Undo>): Promise<Fault> {
  const undo = await fault;
  return { atMs: Date.now(), undo };
}

function bothWays(endpoint: string): string[] {
  const [address, port] = endpoint.split(':');
  return [`ip daddr ${address} tcp dport ${port}`, `ip saddr ${address} tcp sport ${port}`];
}

/** Where the functions reach DynamoDB: it is in their environment. */
async function storeEndpoint(host: Host): Promise<string> {
  for (const pid of await host.processes()) {
    const environment = readFileSync(`/proc/${pid}/environ`, 'utf8');
    const found = /AWS_ENDPOINT_URL_DYNAMODB=http:\/\/([^\0/]+)/.exec(environment)?.[1];
    if (found !== undefined) return found;
  }
  throw new Error('no function knows where DynamoDB is');
}
