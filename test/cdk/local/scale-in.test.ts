import assert from 'node:assert/strict';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { AdminClient } from '#cdk/local/admin-client.ts';
import { type Cluster, startCluster } from '#cdk/local/cluster.ts';
import { DataFolder } from '#cdk/local/data-folder.ts';
import { parseOptions } from '#cdk/local/options.ts';
import { Progress } from '#cdk/local/progress.ts';
import { synthesize } from '#cdk/local/synth/synthesize.ts';
import { systemClock, systemRandom, systemTimers } from '#cdk/local/system.ts';
import { ReconnectingSession } from '#node-agent/dial/reconnecting.ts';
import { silentLog } from '#shared/kernel/log.ts';
import { eventually } from '#test/support/eventually.ts';

const root = fileURLToPath(new URL('../../..', import.meta.url));
/** Ports nobody else in this repository's tests uses. */
const frontDoor = '127.0.0.1:18643';
const members = ['127.0.0.1:18651', '127.0.0.1:18652'];
const users = ['ada', 'ben', 'cyd', 'dan'];

interface Stage {
  readonly cluster: Cluster;
  readonly admin: AdminClient;
  /** What the person at the terminal was told. */
  readonly told: readonly string[];
}

async function startStage(): Promise<Stage> {
  const folder = mkdtempSync(join(tmpdir(), 'etherfleet-scale-in-'));
  const told: string[] = [];
  const progress = new Progress(
    (line) => told.push(line),
    () => systemClock.monotonicMs(),
  );
  const { assembly } = await synthesize({
    root,
    folder: join(root, '.local', 'cdk.out'),
    environment: process.env,
  });
  const options = parseOptions(
    [
      ...['--front-door', frontDoor, '--state', join(folder, 'cluster.json')],
      ...['--admin-password', 'test-pw', '--replace-after', '1'],
      ...members.flatMap((member) => ['--member', member]),
    ],
    root,
  );
  const data = await DataFolder.open(undefined, folder);
  const cluster = await startCluster({ options, assembly, data, progress });
  return { cluster, admin: new AdminClient(options.frontDoor, cluster.certPem, 'test-pw'), told };
}

async function createHub(admin: AdminClient, hub: string, type: 1 | 2): Promise<void> {
  await admin.call('CreateHub', { HubName_str: hub, HubType_u32: type, Online_bool: true });
  for (const user of users) {
    await admin.call('CreateUser', {
      ...{ HubName_str: hub, Name_str: user },
      ...{ AuthType_u32: 1, Auth_Password_str: 'secret' },
    });
  }
}

function connect(hub: string, user: string): ReconnectingSession {
  const [address = '', port = ''] = frontDoor.split(':');
  return new ReconnectingSession({
    ...{ address, port: Number(port), hub, user },
    credential: { kind: 'password', password: 'secret' },
    clock: systemClock,
    timers: systemTimers,
    random: systemRandom,
    log: silentLog,
  });
}

const portOf = (session: ReconnectingSession): number => session.session?.member.port ?? 0;

test('a member the group terminates is empty before it goes; its clients are elsewhere', {
  timeout: 170_000,
}, async () => {
  const { cluster, admin, told } = await startStage();
  const sessions: ReconnectingSession[] = [];
  try {
    await createHub(admin, 'fixed', 1);
    await createHub(admin, 'moving', 2);
    for (const user of users) sessions.push(connect('fixed', user), connect('moving', user));
    const connected = (): string | undefined => {
      const missing = sessions.filter((one) => (one.session?.connections ?? 0) === 0).length;
      return missing === 0 ? undefined : `${missing} are not connected`;
    };
    await eventually(connected, 20_000);

    // The member of the dynamic hub, which must move.
    const port = portOf(sessions[1] as ReconnectingSession);
    const [leaving] = cluster.members().filter((member) => member.port === port);
    assert(leaving);
    const affected = sessions.filter((session) => portOf(session) === port);
    const before = new Map(sessions.map((session) => [session, session.sessions]));
    cluster.scaleIn(leaving.id);

    await eventually(
      () => (cluster.members().length === 1 ? undefined : JSON.stringify(cluster.members())),
      60_000,
    );
    assert.throws(() => process.kill(leaving.pid, 0), /ESRCH/);
    assert(told.some((line) => line.includes(`${leaving.id}`) && line.includes('scale-in')));
    await eventually(connected, 20_000);
    for (const session of affected) {
      assert.notEqual(portOf(session), port);
      assert.equal(session.sessions, (before.get(session) ?? 0) + 1, 'it came back once');
    }
    for (const session of sessions.filter((one) => !affected.includes(one))) {
      assert.equal(session.sessions, before.get(session), 'nobody else noticed');
    }
    const list = (await admin.call('EnumFarmMember')) as {
      FarmMemberList: { MemberId_str?: string }[];
    };
    assert.equal(
      list.FarmMemberList.some((member) => member.MemberId_str === leaving.id),
      false,
    );
    assert.deepEqual(
      told.filter((line) => /refused|event source|events:/.test(line)),
      [],
      'no stand-in had anything to complain about',
    );
  } finally {
    await Promise.all(sessions.map((session) => session.close()));
    admin.close();
    await cluster.stop();
  }
});
