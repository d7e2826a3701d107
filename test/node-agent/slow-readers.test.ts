import assert from 'node:assert/strict';
import { test } from 'node:test';
import { encodeKeepAlive } from '#node-agent/stream/frame-batch.ts';
import { Pack } from '#shared/wire/pack.ts';
import { broadcast, frame, mac } from '#test/support/frames.ts';
import { RawClient } from '#test/support/raw-client.ts';
import type { TestAgent } from '#test/support/test-agent.ts';
import { until, withMember } from './member-bench.ts';

const mebibyte = 1024 * 1024;
const deafClients = 30;
/** Far more than the kernel's buffers and ours take together. */
const frames = 12_000;
const payload = Buffer.alloc(1_400);

/** A session whose client reads nothing, and says now and then that it is there. */
async function deaf(member: TestAgent): Promise<RawClient> {
  const client = await RawClient.open(member.agent.port);
  await client.hello();
  const login = new Pack()
    .setStr('method', 'login')
    .setStr('hubname', 'HUB')
    .setStr('username', 'deaf')
    .setInt('max_connection', 1)
    .setInt('authtype', 99)
    .setData('ticket', member.plane.issue({ user: 'deaf', sessionTimeoutMs: 60_000 }));
  assert.equal((await client.ask(login)).int('error'), 0);
  client.socket.pause();
  client.socket.write(encodeKeepAlive(Buffer.alloc(1)));
  return client;
}

test('sessions that read nothing lose their own frames and hold little memory', async () => {
  await withMember(async (member) => {
    const numbers: number[] = [];
    const policy = { noBroadcastLimiter: true };
    const sender = await member.connect(member.plane.issue({ policy }));
    await member.connect(member.plane.issue({ user: 'bob' }), {
      onFrame: (it) => numbers.push(it.readUInt32BE(14)),
    });
    const clients = await Promise.all(Array.from({ length: deafClients }, () => deaf(member)));
    let peakBytes = 0;
    for (let n = 0; n < frames; n++) {
      payload.writeUInt32BE(n, 0);
      const one = frame(broadcast, mac(1), payload);
      while (!sender.send([one])) await new Promise((resolve) => setImmediate(resolve));
      if (n % 200 > 0) continue;
      await until(`frame ${n}`, () => numbers.at(-1) === n);
      peakBytes = Math.max(peakBytes, member.agent.status.queuedBytes);
    }
    await until('the last frame', () => numbers.length === frames);
    assert.ok(
      numbers.every((number, n) => number === n),
      'whoever reads hears all, in order',
    );
    const { drops, sessions } = member.agent.status;
    const reasons = ['queue-head', 'queue-budget', 'flood-quota'];
    const lost = reasons.reduce((sum, reason) => sum + (drops[reason] ?? 0), 0);
    assert.ok(lost > 0 && lost <= deafClients * frames, `${lost} frames of the deaf dropped`);
    assert.equal(sessions, deafClients + 2);
    const eachMiB = peakBytes / mebibyte / deafClients;
    assert.ok(peakBytes > 0 && eachMiB < 2, `${eachMiB.toFixed(2)} MiB held for each`);
    for (const client of clients) client.close();
  });
});
