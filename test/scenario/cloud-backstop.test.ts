import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { ListQueuesCommand, PurgeQueueCommand, SQSClient } from '@aws-sdk/client-sqs';
import type { ReconnectingSession } from '#node-agent/dial/reconnecting.ts';
import { eventually } from '#test/support/eventually.ts';
import { operatorAccess } from '#test/support/operator.ts';
import { CloudProcess } from './cloud-process.ts';

/** The sweeper looks each minute, for what the watchdog should have done half a minute ago. */
const sweptLimitMs = 120_000;
/** A lost member has its machine for another minute. */
const replacedLimitMs = 90_000;

interface FarmMember {
  readonly MemberId_str?: string;
  readonly LeaseExpires_dt?: string;
}

describe('the local cloud loses sight of a member', { timeout: 290_000 }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'etherfleet-backstop-'));
  const cloud = new CloudProcess(22_720, 2, folder);
  let session: ReconnectingSession;

  before(async () => {
    await cloud.start();
    const hub = { HubName_str: 'office' };
    await cloud.rpc('CreateHub', { ...hub, HubType_u32: 2, Online_bool: true });
    const password = { AuthType_u32: 1, Auth_Password_str: 'secret' };
    await cloud.rpc('CreateUser', { ...hub, Name_str: 'ada', ...password });
    session = cloud.dial('office', 'ada');
    await eventually(() => (memberPort() === undefined ? 'not connected' : undefined), 20_000);
  });

  after(async () => {
    await session?.close();
    await cloud.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  const memberPort = (): number | undefined =>
    session.state.kind === 'connected' ? session.state.session.member.port : undefined;
  const listed = async (id: string): Promise<FarmMember | undefined> => {
    const { FarmMemberList } = await cloud.rpc('EnumFarmMember');
    return (FarmMemberList as readonly FarmMember[]).find((one) => one.MemberId_str === id);
  };
  const sweeperSays = (event: string): boolean => {
    const logs = join(folder, 'data', 'logs');
    const name = readdirSync(logs).find((file) => file.startsWith('Sweeper')) ?? '';
    return readFileSync(join(logs, name), 'utf8').includes(`"event":"${event}"`);
  };

  test('it stands still and its watch is lost: called lost, replaced, swept up after', async () => {
    const frozen = cloud.state().members.find(({ port }) => port !== memberPort());
    assert(frozen, 'one the client is not on: no login asks for what it hosts');
    for (const pid of [frozen.pid, frozen.agentPid]) process.kill(pid, 'SIGSTOP');
    const purge = await watchdogPurge(join(folder, 'data', 'operator.env'));
    await eventually(async () => {
      await purge.again();
      const ends = (await listed(frozen.id))?.LeaseExpires_dt ?? '';
      return Date.parse(ends) < Date.now() ? undefined : `its lease ends at ${ends}`;
    }, 30_000);
    await purge.again();
    purge.end();

    await eventually(
      () => (sweeperSays('member.unwatched') ? undefined : 'nobody has called it lost'),
      sweptLimitMs,
    );
    assert.equal(await listed(frozen.id), undefined);
    await eventually(() => {
      const { members } = cloud.state();
      const isReplaced = members.length === 2 && members.every(({ id }) => id !== frozen.id);
      return isReplaced ? undefined : members.map(({ id, state }) => `${id} ${state}`).join();
    }, replacedLimitMs);
    await cloud.membersActive(2);
    await eventually(
      () => (sweeperSays('walk.finished') ? undefined : 'its sessions are not looked for'),
      sweptLimitMs,
    );
    assert(sweeperSays('fleet.load'), 'the group is told how much of it is taken');
    assert.equal(session.sessions, 1, 'the client of the other member noticed nothing');
  });
});

/** Empties the watchdog's queue, as an operator may who takes its messages for stale ones. */
async function watchdogPurge(operatorFile: string) {
  const client = new SQSClient(operatorAccess(operatorFile, 'SQS'));
  const { QueueUrls = [] } = await client.send(new ListQueuesCommand());
  const QueueUrl = QueueUrls.find((url) => /WatchdogQueue/.test(url));
  assert(QueueUrl, QueueUrls.join());
  return {
    again: () => client.send(new PurgeQueueCommand({ QueueUrl })),
    end: () => client.destroy(),
  };
}
