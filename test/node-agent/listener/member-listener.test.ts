import assert from 'node:assert/strict';
import { once } from 'node:events';
import { describe, test } from 'node:test';
import { connect as connectTls } from 'node:tls';
import { listenerLimits } from '#node-agent/limits.ts';
import { MemberListener } from '#node-agent/listener/member-listener.ts';
import { atEndOfTurn, systemClock, systemRandom, systemTimers } from '#node-agent/system.ts';
import { silentLog } from '#shared/kernel/log.ts';
import { selfSignedCertificate } from '#shared/x509/self-signed.ts';
import { tcp } from '#test/support/raw-client.ts';
import { until } from '../member-bench.ts';

const share = 4;

/** A listener where nobody who has a place is pushed out while the test lasts. */
async function withListener(run: (listener: MemberListener) => Promise<void>): Promise<void> {
  const listener = new MemberListener({
    certificate: selfSignedCertificate({ commonName: 'x', validDays: 1, nowMs: Date.now() }),
    door: {
      login: async () => ({ kind: 'reject', code: 12, reason: 'nobody gets in here' }),
      session: () => undefined,
    },
    clock: systemClock,
    timers: systemTimers,
    random: systemRandom,
    atEndOfTurn,
    log: silentLog,
    limits: { ...listenerLimits, waitingPerAddressMax: share, patienceMs: 3_600_000 },
  });
  await listener.open('127.0.0.1', 0);
  try {
    await run(listener);
  } finally {
    await listener.close();
  }
}

describe('a crowd from one address', () => {
  test('pushes nobody out: those without a place wait, and begin when one leaves', async () => {
    await withListener(async (listener) => {
      const first = await Promise.all(Array.from({ length: share }, () => tcp(listener.port)));
      const late = await tcp(listener.port);
      await until('all of them', () => listener.waiting === share + 1);
      const client = connectTls({ socket: late, rejectUnauthorized: false });
      let isSecure = false;
      client.on('secureConnect', () => {
        isSecure = true;
      });
      // A handshake that began now would end before another connection is even seen to close.
      const probe = await tcp(listener.port);
      await until('one more', () => listener.waiting === share + 2);
      probe.destroy();
      assert.equal(isSecure, false);
      assert.deepEqual(listener.takeCauses(), {});
      first[0]?.destroy();
      if (!isSecure) await once(client, 'secureConnect');
      for (const socket of [...first, client]) socket.destroy();
    });
  });
});
