import assert from 'node:assert/strict';
import { once } from 'node:events';
import { describe, test } from 'node:test';
import { connect as connectTls } from 'node:tls';
import { listenerLimits } from '#node-agent/limits.ts';
import { MemberListener } from '#node-agent/listener/member-listener.ts';
import { atEndOfTurn, systemClock, systemRandom, systemTimers } from '#node-agent/system.ts';
import { Pack } from '#shared/wire/pack.ts';
import { selfSignedCertificate } from '#shared/x509/self-signed.ts';
import { RawClient, tcp } from '#test/support/raw-client.ts';
import { RecordingLog } from '#test/support/test-agent.ts';
import { until } from '../member-bench.ts';

const share = 4;

/** Longer than a test may last. */
const neverMs = 3_600_000;

/** A listener where nobody who has a place is pushed out while the test lasts. */
async function withListener(
  run: (listener: MemberListener, log: RecordingLog) => Promise<void>,
  limits: Partial<typeof listenerLimits> = {},
): Promise<void> {
  const log = new RecordingLog();
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
    log,
    limits: { ...listenerLimits, waitingPerAddressMax: share, patienceMs: neverMs, ...limits },
  });
  await listener.open('127.0.0.1', 0);
  try {
    await run(listener, log);
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

describe('a listener that closes', () => {
  test('ends in order who has no session yet, and cuts off nobody who takes it', async () => {
    const lingerMs = 60_000;
    await withListener(
      async (listener) => {
        const greeted = await RawClient.open(listener.port);
        await greeted.hello();
        const late = await tcp(listener.port);
        await until('the late one', () => listener.waiting === 2);
        const closed = listener.close();
        const inHandshake = connectTls({ socket: late, rejectUnauthorized: false });
        inHandshake.resume();
        await Promise.all([once(inHandshake, 'end'), closed]);
        assert.equal(greeted.ended, 'end');
        assert.deepEqual(listener.takeCauses(), { stopping: 2 });
      },
      { lingerMs },
    );
  });
});

test('however many are turned away, the log has so many lines of it', async () => {
  const rejectsPerMinuteMax = 2;
  await withListener(
    async (listener, log) => {
      const login = new Pack().setStr('method', 'login');
      login.setStr('hubname', 'hub').setStr('username', 'anybody');
      for (let n = 0; n <= rejectsPerMinuteMax; n++) {
        const client = await RawClient.open(listener.port);
        await client.hello();
        assert.equal((await client.ask(login)).int('error'), 12);
        client.close();
      }
      assert.equal(log.of('login.rejected').length, rejectsPerMinuteMax);
    },
    { rejectsPerMinuteMax },
  );
});
