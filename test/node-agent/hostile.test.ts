import assert from 'node:assert/strict';
import type { Socket } from 'node:net';
import { describe, test } from 'node:test';
import { dial } from '#node-agent/dial/dial.ts';
import type { DialedSession } from '#node-agent/dial/dialed-session.ts';
import { listenerLimits } from '#node-agent/limits.ts';
import { systemClock, systemRandom, systemTimers } from '#node-agent/system.ts';
import { silentLog } from '#shared/kernel/log.ts';
import { AgentProcess } from '#test/support/agent-process.ts';
import { attacks, overTcp } from '#test/support/attacks.ts';
import { broadcast, frame, mac, payloadOf } from '#test/support/frames.ts';
import { RawClient } from '#test/support/raw-client.ts';
import { until, withMember } from './member-bench.ts';

const mebibyte = 1024 * 1024;

async function connectTo(
  member: AgentProcess,
  onFrame?: (frame: Buffer) => void,
): Promise<DialedSession> {
  const outcome = await dial({
    address: '127.0.0.1',
    port: member.port,
    hub: 'HUB',
    user: 'alice',
    credential: { kind: 'ticket', ticket: member.plane.issue() },
    clock: systemClock,
    timers: systemTimers,
    random: systemRandom,
    log: silentLog,
    ...(onFrame && { onFrame }),
  });
  if (outcome.kind !== 'connected') throw new Error(JSON.stringify(outcome));
  return outcome.session;
}

describe('strangers', { skip: process.platform === 'linux' ? false : 'needs /proc' }, () => {
  test('1000 garbage connections: nobody else notices, memory stays flat', async () => {
    const member = await new AgentProcess().prepare();
    try {
      await member.start().joined();
      const heard: number[] = [];
      let isBobKnown = false;
      const alice = await connectTo(member, () => {
        isBobKnown = true;
      });
      const bob = await connectTo(member, (arrived) => heard.push(Number(payloadOf(arrived))));
      bob.send([frame(broadcast, mac(2))]);
      await until('bob to be known', () => isBobKnown, 2_000);
      const kinds = Object.values(attacks);
      const sockets: { destroy(): void }[] = [];
      let sent = 0;
      const exchange = async (): Promise<void> => {
        sent += 1;
        const startedMs = performance.now();
        alice.send([frame(mac(2), mac(1), `${sent}`)]); // not a broadcast: they are limited
        await until(`frame ${sent}`, () => heard.at(-1) === sent, 2_000);
        assert.ok(performance.now() - startedMs < 1_000, 'a frame took a second');
      };
      const attack = async (rounds: number): Promise<void> => {
        for (let round = 0; round < rounds; round++) {
          const outcomes = await Promise.allSettled(kinds.map((kind) => kind(member.port)));
          for (const it of outcomes) if (it.status === 'fulfilled') sockets.push(it.value);
          await exchange();
        }
      };
      await attack(100); // fills what may be filled
      const rssBefore = member.rssBytes();
      await attack(100);
      const late = await connectTo(member);
      assert.equal(member.lines('session.opened').length, 3);
      const grownMiB = (member.rssBytes() - rssBefore) / mebibyte;
      assert.ok(grownMiB < 64, `resident memory has grown by ${grownMiB.toFixed(1)} MiB`);
      assert.equal(member.lines('session.closed').length, 0);
      assert.deepEqual(
        heard,
        Array.from({ length: sent }, (_, i) => i + 1),
      );
      for (const socket of sockets) socket.destroy();
      for (const session of [alice, bob, late]) await session.close();
    } finally {
      await member.close();
    }
  });
});

describe('bounds of the listener', () => {
  test('no more than a share wait from one address; a login gets through', async () => {
    await withMember(async (member) => {
      const { waitingPerAddressMax } = listenerLimits;
      const sockets: Socket[] = [];
      for (let n = 0; n < waitingPerAddressMax + 20; n++) {
        sockets.push(await overTcp(member.agent.port, ''));
      }
      await until('a full room', () => member.agent.status.waiting === waitingPerAddressMax);
      await until(
        'those who had to go',
        () => sockets.filter((socket) => socket.closed).length === 20,
      );
      assert.ok(
        sockets.slice(0, 20).every((socket) => socket.closed),
        'the oldest go',
      );
      await member.connect(member.plane.issue());
      for (const socket of sockets) socket.destroy();
      await until('an empty room', () => member.agent.status.waiting === 0);
    });
  });

  test('renegotiation asked for by a stranger is not a way to burn our time', async () => {
    await withMember(async (member) => {
      const client = await RawClient.open(member.agent.port);
      let handshakes = 0;
      client.socket.on('secure', () => {
        handshakes += 1;
      });
      const again = (): void => {
        const accepted = client.socket.renegotiate({ rejectUnauthorized: false }, (error) => {
          if (error === null) again();
        });
        if (!accepted) client.close();
      };
      again();
      await until('the end', () => client.socket.destroyed);
      assert.ok(handshakes <= 3, `${handshakes} handshakes`);
    });
  });
});
