import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { TerminateInstanceInAutoScalingGroupCommand } from '@aws-sdk/client-auto-scaling';
import { machineOf, memberId } from '#shared/kernel/ids.ts';
import { ClusterProcess, type MemberState } from '#test/support/cluster-process.ts';
import { eventually } from '#test/support/eventually.ts';
import { GroupOperator } from '#test/support/operator.ts';
import { Talker } from './talker.ts';

const frontDoorPort = 22_643;
const firstPorts = [22_701, 22_702];
const hubs = ['one', 'two', 'three', 'four'];

/** Two who talk to each other in one dynamic hub. */
class Pair {
  readonly talkers: readonly [Talker, Talker];

  constructor(hub: string) {
    const talker = (user: string, number: number, peer: number) =>
      new Talker(frontDoorPort, hub, user, number, peer);
    this.talkers = [talker('alice', 1, 2), talker('bob', 2, 1)];
  }

  get port(): number | undefined {
    const [alice, bob] = this.talkers;
    return alice.memberPort === bob.memberPort ? alice.memberPort : undefined;
  }

  /** Both hear the other. */
  get isHeard(): boolean {
    const heard = this.talkers.map((talker) => talker.heard.length);
    return this.port !== undefined && this.#marks.every((mark, at) => (heard[at] ?? 0) > mark + 5);
  }

  /** From now on: see {@link isHeard}. */
  mark(): void {
    this.#marks = this.talkers.map((talker) => talker.heard.length);
  }

  #marks: readonly number[] = [0, 0];
}

/** The names of machines, of all members or of some. */
const machinesOf = (members: readonly MemberState[]): string[] => [
  ...new Set(members.map(({ id }) => machineOf(memberId(id)))),
];

describe('two machines with two cores each', { timeout: 300_000 }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'etherfleet-cores-'));
  let cluster: ClusterProcess;
  const pairs: Pair[] = [];

  before(async () => {
    cluster = await ClusterProcess.start({
      frontDoor: `127.0.0.1:${frontDoorPort}`,
      members: firstPorts.map((port) => `127.0.0.1:${port}`),
      cores: 2,
      folder,
    });
    for (const HubName_str of hubs) {
      await cluster.rpc('CreateHub', { HubName_str, HubType_u32: 2, Online_bool: true });
      for (const Name_str of ['alice', 'bob']) {
        const password = { AuthType_u32: 1, Auth_Password_str: 'secret' };
        await cluster.rpc('CreateUser', { HubName_str, Name_str, ...password });
      }
    }
    for (const hub of hubs) {
      const pair = new Pair(hub);
      pairs.push(pair);
      await eventually(() => (pair.isHeard ? undefined : `${hub} is silent`), 20_000);
    }
  });

  after(async () => {
    for (const talker of pairs.flatMap((pair) => pair.talkers)) await talker.close();
    await cluster.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  const memberAt = (port: number | undefined): MemberState => {
    const member = cluster.members().find((one) => one.port === port);
    assert(member, 'a member of the state file');
    return member;
  };
  const othersOn = ({ id }: MemberState): MemberState[] =>
    cluster.members().filter((one) => one.id !== id && machinesOf([one])[0] === id.split('.')[0]);
  const allHeard = (limitMs: number): Promise<void> => {
    for (const pair of pairs) pair.mark();
    return eventually(() => {
      const silent = hubs.filter((_, at) => !pairs[at]?.isHeard);
      return silent.length === 0 ? undefined : `silent: ${silent}`;
    }, limitMs);
  };

  test('each core is a member on a port of its own, and takes sessions', async () => {
    const members = cluster.members();
    const [one = '', other = ''] = machinesOf(members);
    assert.deepEqual(
      members.map(({ id }) => id).toSorted(),
      [one, `${one}.1`, other, `${other}.1`].toSorted(),
    );
    assert.equal(new Set(members.map(({ pid }) => pid)).size, 2, 'two machines');
    assert.equal(new Set(members.map(({ agentPid }) => agentPid)).size, 4, 'four agents');
    const used = new Set(pairs.map(({ port }) => port));
    assert.deepEqual(used, new Set(members.map(({ port }) => port)), 'a hub on each');
    const { FarmMemberList } = await cluster.rpc('EnumFarmMember');
    const listed = (FarmMemberList as Record<string, unknown>[]).slice(1);
    assert.deepEqual(
      new Set(listed.map((entry) => `${entry['MemberId_str']} ${entry['Port_u32']}`)),
      new Set(members.map(({ id, port }) => `${id} ${port}`)),
    );
  });

  test('kill -9 of one agent: the other’s clients never notice, and it is back', async () => {
    const [victim] = pairs;
    const member = memberAt(victim?.port);
    const sibling = othersOn(member)[0]?.port;
    const spared = pairs.filter((pair) => pair.port !== member.port);
    assert(spared.some(({ port }) => port === sibling));
    const sent = spared.map(({ talkers }) => talkers.map((talker) => talker.sent));
    process.kill(member.agentPid ?? 0, 'SIGKILL');
    await eventually(() => {
      const now = cluster.members().find(({ id }) => id === member.id);
      return now?.agentPid === member.agentPid ? 'not started again' : undefined;
    }, 5_000);
    await allHeard(20_000);
    assert.equal(memberAt(member.port).pid, member.pid, 'on the same machine');
    for (const [at, { talkers }] of spared.entries()) {
      for (const [who, talker] of talkers.entries()) {
        assert.equal(talker.session.sessions, 1, 'one session all the time');
        const from = sent[at]?.[1 - who] ?? 0;
        const heard = talker.heard.filter((number) => number >= from);
        assert.deepEqual(
          heard,
          Array.from({ length: heard.length }, (_, index) => from + index),
        );
      }
    }
  });

  test('a machine is scaled in: both its members are emptied before it goes', async () => {
    const [machine = '', staying = ''] = machinesOf(cluster.members());
    const operator = await GroupOperator.of(join(folder, 'data', 'operator.env'));
    await operator.client.send(
      new TerminateInstanceInAutoScalingGroupCommand({
        InstanceId: machine,
        ShouldDecrementDesiredCapacity: true,
      }),
    );
    operator.client.destroy();
    await eventually(() => {
      const left = machinesOf(cluster.members());
      return left.includes(machine) ? `${machine} is there` : undefined;
    }, 60_000);
    const drained = [machine, `${machine}.1`].map(
      (id) => `"event":"member.drained","member":"${id}"`,
    );
    for (const line of drained) assert(cluster.logs().includes(line), line);
    assert.match(cluster.logs(), /"event":"machine\.released".*"reason":"drained"/);
    await allHeard(20_000);
    assert.deepEqual(machinesOf(pairs.map(({ port }) => memberAt(port))), [staying]);
  });
});
