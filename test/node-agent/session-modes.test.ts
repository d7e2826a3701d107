import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { DialOptions } from '#node-agent/dial/dial-options.ts';
import { encodeAdditionalConnect } from '#shared/wire/additional-connect.ts';
import { broadcast, frame, mac, payloadOf } from '#test/support/frames.ts';
import { RawClient } from '#test/support/raw-client.ts';
import { until, withMember } from './member-bench.ts';

const modes: readonly { mode: Partial<DialOptions>; connections: number }[] = [
  { mode: { halfDuplex: true }, connections: 2 },
  { mode: { halfDuplex: true, qos: true, useCompress: true }, connections: 4 },
  { mode: { qos: true, bridge: true, maxConnections: 8 }, connections: 8 },
  { mode: { maxConnections: 32 }, connections: 32 },
];

describe('sessions over real connections', () => {
  for (const { mode, connections } of modes) {
    test(`${JSON.stringify(mode)}: ${connections} connections, frames both ways`, async () => {
      await withMember(async (member) => {
        const heard = { alice: [] as string[], bob: [] as string[] };
        const alice = await member.connect(member.plane.issue(), {
          ...mode,
          additionalConnectEveryMs: 10,
          onFrame: (it) => heard.alice.push(payloadOf(it)),
        });
        const bob = await member.connect(member.plane.issue({ user: 'bob' }), {
          onFrame: (it) => heard.bob.push(payloadOf(it)),
        });
        await until('all connections', () => alice.connections === connections);
        assert.deepEqual(
          [alice.welcome.halfConnection, alice.welcome.qos],
          [mode.halfDuplex ?? false, mode.qos ?? false],
        );
        for (let n = 0; n < 20; n++) {
          alice.send([frame(broadcast, mac(1), `a${n}`)]);
          bob.send([frame(broadcast, mac(2), `b${n}`)]);
        }
        await until('frames', () => heard.alice.length === 20 && heard.bob.length === 20);
        assert.equal(alice.stats.connectionsLost, 0);
      });
    });
  }

  test('a policy without QoS, and with one connection, is what Welcome says', async () => {
    await withMember(async (member) => {
      const policy = {
        noQos: true,
        maxConnection: 1,
        autoDisconnectSec: 3_600,
        noSavePassword: true,
      };
      const { welcome } = await member.connect(member.plane.issue({ policy }), {
        qos: true,
        halfDuplex: true,
        maxConnections: 8,
      });
      assert.deepEqual(
        [welcome.qos, welcome.halfConnection, welcome.maxConnection],
        [false, false, 1],
      );
      const { noQos, maxConnection, autoDisconnectSec, noSavePassword } = welcome.policy;
      assert.deepEqual({ noQos, maxConnection, autoDisconnectSec, noSavePassword }, policy);
    });
  });
});

describe('resumption', () => {
  test('a session that lost all connections is resumed by its key in time', async () => {
    await withMember(async (member) => {
      const heard: string[] = [];
      const bob = await member.connect(member.plane.issue({ user: 'bob' }), {
        onFrame: (it) => heard.push(payloadOf(it)),
      });
      const alice = await member.connect(member.plane.issue());
      const { sessionKey } = alice.welcome;
      await alice.close();
      await until('no connection', () => member.agent.status.connections === 1);
      const client = await RawClient.open(member.agent.port);
      await client.hello();
      const request = { sessionKey, clientStr: '', clientVer: 0, clientBuild: 0 };
      assert.equal((await client.ask(encodeAdditionalConnect(request))).int('error'), 0);
      bob.send([frame(broadcast, mac(2), 'still there?')]);
      await until('the frame', () => client.received().includes('still there?'));
      assert.equal(member.log.of('session.closed').length, 0);
      client.close();
    });
  });

  test('a record that is none ends its connection, is logged once, no more', async () => {
    await withMember(async (member) => {
      const alice = await member.connect(member.plane.issue(), { maxConnections: 3 });
      const { sessionKey } = alice.welcome;
      for (let n = 0; n < 2; n++) {
        const client = await RawClient.open(member.agent.port);
        await client.hello();
        const request = { sessionKey, clientStr: '', clientVer: 0, clientBuild: 0 };
        assert.equal((await client.ask(encodeAdditionalConnect(request))).int('error'), 0);
        client.socket.write(Buffer.from('00000001ffffffff', 'hex'));
        await until('an orderly end', () => client.ended === 'end');
      }
      const told = member.log.of('connection.malformed').map((fields) => fields['cause']);
      assert.deepEqual(told, ['stream-block-over-limit']);
      assert.equal(member.agent.status.sessions, 1);
    });
  });
});
