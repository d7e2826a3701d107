import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import type { ReconnectingSession } from '#node-agent/dial/reconnecting.ts';
import { eventually } from '#test/support/eventually.ts';
import { CloudProcess } from './cloud-process.ts';

const frontDoorPort = 22_600;
const hubs = { fixed: 1, moving: 2 };

describe('the local cloud is killed and started again with its data', { timeout: 300_000 }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'etherfleet-killed-'));
  const cloud = new CloudProcess(frontDoorPort, 2, folder);
  const sessions: ReconnectingSession[] = [];
  after(async () => {
    await Promise.all(sessions.map((session) => session.close()));
    await cloud.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  const connected = (): string | undefined => {
    const missing = sessions.filter((one) => (one.session?.connections ?? 0) === 0).length;
    return missing === 0 ? undefined : `${missing} are not connected`;
  };

  test('in the middle of its first start: the next one is as the first', async () => {
    cloud.launch();
    await cloud.says('deploying the template');
    await cloud.kill();
    await cloud.start();
    for (const [HubName_str, HubType_u32] of Object.entries(hubs)) {
      await cloud.rpc('CreateHub', { HubName_str, HubType_u32, Online_bool: true });
      const user = { HubName_str, Name_str: 'alice', AuthType_u32: 1, Auth_Password_str: 'secret' };
      await cloud.rpc('CreateUser', user);
      sessions.push(cloud.dial(HubName_str, 'alice'));
    }
    await eventually(connected, 20_000);
  });

  test('with sessions on it: no process is left, hubs and users are, clients return', async () => {
    const former = cloud.state().members;
    await cloud.kill();
    await eventually(
      () => leftovers(former.flatMap(({ pid, agentPid }) => [pid, agentPid])),
      5_000,
    );
    await cloud.start();
    await eventually(connected, 30_000);
    await eventually(async () => {
      const listed = JSON.stringify(await cloud.rpc('EnumFarmMember'));
      const still = former.filter(({ id }) => listed.includes(id));
      return still.length === 0 ? undefined : `members of before are still listed: ${still.length}`;
    }, 30_000);
  });

  test('while it waits for its members, and again: all is as it was', async () => {
    await cloud.kill();
    cloud.launch();
    await cloud.says('waiting for 2 members');
    await cloud.kill();
    cloud.launch();
    await cloud.says('deploying the template on this machine ... done');
    await cloud.kill();
    await cloud.start();
    await eventually(connected, 30_000);
    const listed = JSON.stringify(await cloud.rpc('EnumHub'));
    for (const hub of Object.keys(hubs)) assert(listed.includes(`"${hub}"`), listed);
  });

  test('a second cloud on the same data is refused; the first one carries on', async () => {
    const other = new CloudProcess(frontDoorPort + 10, 1, folder, 'other');
    other.launch();
    await other.says('works in');
    assert.match(other.printed(), /error: the cluster of process \d+ works in .*--data DIR/);
    assert.equal(connected(), undefined);
  });

  test('no secret and no queue was lost or made anew', () => {
    const data = join(folder, 'data');
    assert(readdirSync(data).includes('secrets.json'));
    assert.match(readFileSync(join(data, 'queues.log'), 'utf8'), /"queue":"Watchdog/);
  });
});

/** Processes of before that still run. */
function leftovers(pids: readonly number[]): string | undefined {
  const left = pids.filter((pid) => {
    try {
      process.kill(pid, 0);
      return true;
    } catch {
      return false;
    }
  });
  return left.length === 0 ? undefined : `still there: ${left.join()}`;
}
