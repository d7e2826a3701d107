import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { dial } from '#node-agent/dial/dial.ts';
import type { DialedSession } from '#node-agent/dial/dialed-session.ts';
import { systemClock, systemRandom, systemTimers } from '#node-agent/system.ts';
import { silentLog } from '#shared/kernel/log.ts';
import { ClusterProcess } from '#test/support/cluster-process.ts';
import { eventually } from '#test/support/eventually.ts';

const frontDoorPort = 21_643;
const memberPorts = [21_644, 21_645];

/** A session of one user from installation `id`, or the error number it is told. */
async function enter(user: string, id: number): Promise<DialedSession | number> {
  const outcome = await dial({
    address: '127.0.0.1',
    port: frontDoorPort,
    hub: 'office',
    user,
    credential: { kind: 'anonymous' },
    uniqueId: Buffer.alloc(16, id),
    clock: systemClock,
    timers: systemTimers,
    random: systemRandom,
    log: silentLog,
  });
  if (outcome.kind === 'connected') return outcome.session;
  return outcome.kind === 'rejected' ? outcome.code : assert.fail('not redirected');
}

async function session(user: string, id: number): Promise<DialedSession> {
  const entered = await enter(user, id);
  assert(typeof entered !== 'number', `told ${entered}`);
  return entered;
}

// Limits over two members of the whole cluster: a hub for four, a user for one installation.
test('limits hold over all members, follow sessions that end, and outlive a member', {
  timeout: 240_000,
}, async () => {
  const folder = mkdtempSync(join(tmpdir(), 'etherfleet-limits-'));
  const cluster = await ClusterProcess.start({
    frontDoor: `127.0.0.1:${frontDoorPort}`,
    members: memberPorts.map((port) => `127.0.0.1:${port}`),
    folder,
    replaceAfterSeconds: 200,
  });
  const sessions: DialedSession[] = [];
  try {
    const hub = { HubName_str: 'office' };
    await cluster.rpc('CreateHub', { ...hub, HubType_u32: 1, MaxSession_u32: 4 });
    const single = {
      UsePolicy_bool: true,
      'policy:Access_bool': true,
      'policy:MultiLogins_u32': 1,
    };
    await cluster.rpc('CreateUser', { ...hub, Name_str: 'alice', AuthType_u32: 0, ...single });
    await cluster.rpc('CreateUser', { ...hub, Name_str: 'guest', AuthType_u32: 0 });

    sessions.push(await session('alice', 1), await session('alice', 1));
    sessions.push(await session('guest', 3), await session('guest', 4));
    const listed = async (): Promise<number> => {
      const { SessionList } = await cluster.rpc('EnumSession', hub);
      return (SessionList as unknown[]).length;
    };
    await eventually(async () => ((await listed()) === 4 ? undefined : 'not listed'), 10_000);
    assert.equal(await enter('alice', 2), 20, 'another installation of hers');
    assert.equal(await enter('guest', 5), 16, 'the fifth');

    await sessions[0]?.close();
    await eventually(async () => ((await listed()) === 3 ? undefined : 'still listed'), 10_000);
    sessions.push(await session('guest', 5));
    await eventually(async () => ((await listed()) === 4 ? undefined : 'not listed'), 10_000);
    assert.equal(await enter('guest', 6), 16);

    const [member] = cluster.members();
    assert(member);
    cluster.killMember(member.id, 'SIGKILL');
    // Somebody's seat is free when its member is known to be dead: 8 s of lease, and the watchdog.
    const told: number[] = [];
    await eventually(async () => {
      const entered = await enter('guest', 6).catch(() => 0);
      if (typeof entered === 'number') told.push(entered);
      else sessions.push(entered);
      return typeof entered === 'number' ? `told ${entered}` : undefined;
    }, 40_000);
    assert(told.length > 0);
  } finally {
    for (const one of sessions) await one.close();
    await cluster.stop();
    rmSync(folder, { recursive: true, force: true });
  }
});
