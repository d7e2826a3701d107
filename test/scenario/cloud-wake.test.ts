import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { DeleteItemCommand, DynamoDBClient, ListTablesCommand } from '@aws-sdk/client-dynamodb';
import type { ReconnectingSession, Setback } from '#node-agent/dial/reconnecting.ts';
import { errorCode } from '#shared/wire/error-code.ts';
import { eventually } from '#test/support/eventually.ts';
import { operatorAccess } from '#test/support/operator.ts';
import { CloudProcess } from './cloud-process.ts';

const users = ['ada', 'ben', 'cyd'];
const hub = 'office';

describe('the local cloud with nobody in its group', { timeout: 200_000 }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'etherfleet-wake-'));
  const cloud = new CloudProcess(22_660, 1, folder, 'cluster', { desired: 0 });
  const sessions: ReconnectingSession[] = [];
  /** Members there were at a time, at most. */
  let most = 0;
  const watch = setInterval(() => {
    most = Math.max(most, cloud.isReady ? cloud.state().members.length : 0);
  }, 100);

  before(async () => {
    await cloud.start();
    await cloud.rpc('CreateHub', { HubName_str: hub, HubType_u32: 2, Online_bool: true });
    for (const Name_str of users) {
      const password = { AuthType_u32: 1, Auth_Password_str: 'secret' };
      await cloud.rpc('CreateUser', { HubName_str: hub, Name_str, ...password });
    }
  });

  after(async () => {
    clearInterval(watch);
    await Promise.all(sessions.map((session) => session.close()));
    await cloud.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  const allConnected = (limitMs: number): Promise<void> =>
    eventually(() => {
      const missing = sessions.filter((one) => (one.session?.connections ?? 0) === 0).length;
      return missing === 0 ? undefined : `${missing} are not connected`;
    }, limitMs);
  /** How often the front door asked for a member, and what came of it. */
  const calls = (): string[] => {
    const logs = join(folder, 'data', 'logs');
    const name = readdirSync(logs).find((file) => file.startsWith('Frontdoor')) ?? '';
    const called = /"event":"member\.called","outcome":"([a-z-]+)"/g;
    const text = readFileSync(join(logs, name), 'utf8');
    return [...text.matchAll(called)].map(([, outcome = '']) => outcome);
  };

  test('the first logins are told to come back soon; one member comes for all', async () => {
    assert.deepEqual(cloud.state().members, []);
    const setbacks: Setback[] = [];
    for (const user of users) {
      sessions.push(
        cloud.dial(hub, user, (state) => {
          if (state.kind === 'waiting') setbacks.push(state.after);
        }),
      );
    }
    await allConnected(40_000);
    const codes = new Set(setbacks.map((back) => (back.kind === 'rejected' ? back.code : back)));
    assert.deepEqual([...codes], [errorCode.noMemberForHub]);
    assert.equal(most, 1);
    assert.deepEqual(calls(), ['called']);
  });

  test('the one there is goes and another is due: no second one is called for it', async () => {
    await forgetCall(join(folder, 'data', 'operator.env'));
    const [only] = cloud.state().members;
    await cloud.rpc('DrainMember', { MemberId_str: only?.id });
    await eventually(() => {
      const [member] = cloud.state().members;
      return member?.state === 'active' && member.id !== only?.id ? undefined : member?.state;
    }, 40_000);
    await allConnected(20_000);
    assert.equal(most, 1);
    assert.deepEqual(calls(), ['called', 'on-the-way']);
  });
});

/** As if the last call for a member were longer ago than one is made each time. */
async function forgetCall(operatorFile: string): Promise<void> {
  const client = new DynamoDBClient(operatorAccess(operatorFile, 'DYNAMODB'));
  const { TableNames: [TableName] = [] } = await client.send(new ListTablesCommand());
  const Key = { pk: { S: 'FLEET-CALL' }, sk: { S: 'LAST' } };
  const { Attributes: call } = await client.send(
    new DeleteItemCommand({ TableName, Key, ReturnValues: 'ALL_OLD' }),
  );
  client.destroy();
  assert(call, 'it was remembered');
}
