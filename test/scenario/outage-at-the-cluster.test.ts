import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { systemClock } from '#node-agent/system.ts';
import { ClusterProcess, type MemberState } from '#test/support/cluster-process.ts';
import { eventually } from '#test/support/eventually.ts';
import { Talker } from './talker.ts';

const frontDoorPort = 22_443;
const memberPorts = [22_501, 22_502, 22_503];
const hub = { HubName_str: 'office' };
const outageMs = 25_000;

describe('two clients of one dynamic hub on three members', { timeout: 240_000 }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'etherfleet-outage-'));
  let cluster: ClusterProcess;
  const talkers: Talker[] = [];

  before(async () => {
    cluster = await ClusterProcess.start({
      frontDoor: `127.0.0.1:${frontDoorPort}`,
      members: memberPorts.map((port) => `127.0.0.1:${port}`),
      folder,
    });
    await cluster.rpc('CreateHub', { ...hub, HubType_u32: 2, Online_bool: true });
    for (const Name_str of ['alice', 'bob']) {
      const password = { AuthType_u32: 1, Auth_Password_str: 'secret' };
      await cluster.rpc('CreateUser', { ...hub, Name_str, ...password });
    }
  });

  after(async () => {
    for (const talker of talkers) await talker.close();
    await cluster.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  async function talk(): Promise<[Talker, Talker]> {
    const pair: [Talker, Talker] = [
      new Talker(frontDoorPort, hub.HubName_str, 'alice', 1, 2),
      new Talker(frontDoorPort, hub.HubName_str, 'bob', 2, 1),
    ];
    talkers.push(...pair);
    await eventually(
      () => (pair.every(({ heard }) => heard.length > 10) ? undefined : 'they hear nothing'),
      30_000,
    );
    return pair;
  }

  const host = ({ memberPort }: Talker): MemberState => {
    const member = cluster.members().find(({ port }) => port === memberPort);
    assert(member, 'a member of the state file');
    return member;
  };

  test('the whole control plane stands still for 25 s: not one frame is lost', async (context) => {
    const pair = await talk();
    const before = host(pair[0]).id;
    const first = pair.map(({ sent }) => sent);
    process.kill(cluster.pid, 'SIGSTOP');
    await passed(outageMs);
    process.kill(cluster.pid, 'SIGCONT');
    await passed(15_000); // whoever wants to take over has had the time
    for (const talker of pair) talker.rest();
    await eventually(() => {
      const [alice, bob] = pair;
      return alice.heard.at(-1) === bob.sent - 1 && bob.heard.at(-1) === alice.sent - 1
        ? undefined
        : 'the last word has not arrived';
    }, 3_000);
    for (const [index, talker] of pair.entries()) {
      const partner = pair[1 - index] as Talker;
      const from = first[1 - index] as number;
      const heard = talker.heard.filter((number) => number >= from);
      const known = new Set(heard);
      const lost = Array.from({ length: partner.sent - from }, (_, at) => from + at).filter(
        (number) => !known.has(number),
      );
      context.diagnostic(`${partner.sent - from} frames sent, ${lost.length} lost`);
      assert.deepEqual([lost, heard.length - known.size], [[], 0], 'lost, and heard twice');
      assert.equal(talker.session.sessions, 1, 'one session all the time');
    }
    assert.equal(host(pair[0]).id, before);
    for (const talker of pair) await talker.close();
  });

  test('kill -9 of the agent: a new one on its machine, clients back in 7 s', async (context) => {
    const pair = await talk();
    const member = host(pair[0]);
    const killedMs = systemClock.monotonicMs();
    process.kill(member.agentPid ?? 0, 'SIGKILL');
    const count = pair.map(({ heard }) => heard.length);
    await passed(1_000); // nothing of before is on its way any more
    await eventually(() => {
      const isBack = ({ heard, lastHeardMs, session }: Talker, index: number): boolean =>
        session.sessions > 1 &&
        heard.length > (count[index] ?? 0) &&
        lastHeardMs > killedMs + 1_000;
      return pair.every(isBack) ? undefined : 'not both are back';
    }, 20_000);
    const tookMs = systemClock.monotonicMs() - killedMs;
    context.diagnostic(`back after ${Math.round(tookMs)} ms, on port ${pair[0].memberPort}`);
    assert(tookMs < 7_500, `${tookMs} ms`);
    const now = cluster.members().find(({ id }) => id === member.id);
    assert.equal(now?.pid, member.pid, 'the machine is the same');
    assert.notEqual(now?.agentPid, member.agentPid);
  });
});

const passed = (durationMs: number): Promise<void> =>
  new Promise((resolve) => setTimeout(resolve, durationMs));
