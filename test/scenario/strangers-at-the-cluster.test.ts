import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { dial } from '#node-agent/dial/dial.ts';
import type { DialedSession } from '#node-agent/dial/dialed-session.ts';
import { systemClock, systemRandom, systemTimers } from '#node-agent/system.ts';
import { silentLog } from '#shared/kernel/log.ts';
import { attacks } from '#test/support/attacks.ts';
import { ClusterProcess } from '#test/support/cluster-process.ts';
import { eventually } from '#test/support/eventually.ts';
import { broadcast, frame, mac, payloadOf } from '#test/support/frames.ts';

const frontDoorPort = 21_443;
const memberPort = 21_501;
const mebibyte = 1024 * 1024;
/** What a healthy process may grow by between two looks, garbage collection being what it is. */
const growthMax = 64 * mebibyte;

/** Resident memory of a process, bytes. */
function residentBytes(pid: number): number {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  return Number(/VmRSS:\s+(\d+) kB/.exec(status)?.[1] ?? 0) * 1024;
}

async function login(onFrame?: (frame: Buffer) => void): Promise<DialedSession> {
  const outcome = await dial({
    address: '127.0.0.1',
    port: frontDoorPort,
    hub: 'office',
    user: 'alice',
    credential: { kind: 'password', password: 'secret' },
    clock: systemClock,
    timers: systemTimers,
    random: systemRandom,
    log: silentLog,
    ...(onFrame && { onFrame }),
  });
  assert.equal(outcome.kind, 'connected', JSON.stringify(outcome));
  if (outcome.kind !== 'connected') throw new Error('not connected');
  return outcome.session;
}

/** Every kind of garbage at both doors, `rounds` times. What stays open is returned. */
async function attack(rounds: number): Promise<readonly { destroy(): void }[]> {
  const open: { destroy(): void }[] = [];
  for (let round = 0; round < rounds; round++) {
    const attempts = [frontDoorPort, memberPort].flatMap((port) =>
      Object.values(attacks).map((kind) => kind(port)),
    );
    for (const attempt of await Promise.allSettled(attempts)) {
      if (attempt.status === 'fulfilled') open.push(attempt.value);
    }
  }
  return open;
}

// 180 rounds of 10 kinds at each of two doors; the first 100 fill the room of those who wait.
// Sessions exchange frames throughout, a newcomer logs in through the crowd, and neither the front
// door's nor the member's memory grows.
test('1000 garbage connections at front door and member: users notice nothing, memory stays flat', {
  skip: process.platform === 'linux' ? false : 'needs /proc',
  timeout: 170_000,
}, async () => {
  const folder = mkdtempSync(join(tmpdir(), 'etherfleet-strangers-'));
  const cluster = await ClusterProcess.start({
    frontDoor: `127.0.0.1:${frontDoorPort}`,
    members: [`127.0.0.1:${memberPort}`],
    folder,
  });
  try {
    const hub = { HubName_str: 'office' };
    await cluster.rpc('CreateHub', { ...hub, HubType_u32: 2, Online_bool: true });
    await cluster.rpc('CreateUser', {
      ...hub,
      Name_str: 'alice',
      AuthType_u32: 1,
      Auth_Password_str: 'secret',
    });
    const heard: string[] = [];
    const alice = await login();
    const bob = await login((arrived) => heard.push(payloadOf(arrived)));
    const exchange = async (text: string): Promise<void> => {
      alice.send([frame(broadcast, mac(1), text)]);
      const missing = (): string | undefined =>
        heard.includes(text) ? undefined : `frame ${text}`;
      await eventually(missing, 2_000);
    };
    // The two that face strangers; functions come and go with the requests they are given.
    const facing = { 'front door': cluster.pid, member: cluster.members()[0]?.agentPid ?? 0 };
    const resident = (): [string, number][] =>
      Object.entries(facing).map(([name, pid]) => [name, residentBytes(pid)]);
    const open: { destroy(): void }[] = [...(await attack(100))]; // fills what may be filled
    const before = new Map(resident());
    for (let part = 0; part < 8; part++) {
      open.push(...(await attack(10)));
      await exchange(`part ${part}`);
    }
    const late = await login();
    await exchange('after all');
    for (const [name, after] of resident()) {
      const grown = after - (before.get(name) ?? 0);
      assert.ok(grown < growthMax, `${name} grew by ${(grown / mebibyte).toFixed(1)} MiB`);
    }
    for (const session of [alice, bob, late]) assert.ok(session.connections > 0);
    for (const socket of open) socket.destroy();
    for (const session of [alice, bob, late]) await session.close();
  } finally {
    await cluster.stop();
    rmSync(folder, { recursive: true, force: true });
  }
});
