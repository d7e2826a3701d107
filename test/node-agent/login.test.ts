import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { describe, test } from 'node:test';
import { encodeBatch } from '#node-agent/stream/frame-batch.ts';
import { encodeAdditionalConnect } from '#shared/wire/additional-connect.ts';
import { errorCode } from '#shared/wire/error-code.ts';
import { probePage } from '#shared/wire/http.ts';
import { Pack } from '#shared/wire/pack.ts';
import { defaultPolicy } from '#shared/wire/policy.ts';
import { decodeWelcome } from '#shared/wire/welcome.ts';
import { broadcast, frame, mac, payloadOf } from '#test/support/frames.ts';
import { RawClient } from '#test/support/raw-client.ts';
import type { TestAgent } from '#test/support/test-agent.ts';
import { until, withMember } from './member-bench.ts';

function rejections(member: TestAgent): unknown[] {
  return member.log.of('login.rejected').map((fields) => [fields['code'], fields['reason']]);
}

function loginPack(ticket: Buffer | undefined, more: Record<string, number> = {}): Pack {
  const pack = new Pack()
    .setStr('method', 'login')
    .setStr('hubname', 'HUB')
    .setStr('username', 'alice')
    .setStr('client_str', 'raw')
    .setInt('client_ver', 444)
    .setInt('max_connection', 1);
  if (ticket !== undefined) pack.setInt('authtype', 99).setData('ticket', ticket);
  for (const [name, value] of Object.entries(more)) pack.setInt(name, value);
  return pack;
}

async function withClient(
  member: TestAgent,
  run: (client: RawClient) => Promise<void>,
): Promise<void> {
  const client = await RawClient.open(member.agent.port);
  try {
    await run(client);
  } finally {
    client.close();
  }
}

describe('members serve ticket holders only (I5)', () => {
  test('a ticket presented twice: the second time access is denied', async () => {
    await withMember(async (member) => {
      const ticket = member.plane.issue();
      await member.connect(ticket);
      const second = await member.dial(ticket);
      assert.ok(second.kind === 'rejected' && second.code === errorCode.accessDenied);
      assert.deepEqual(rejections(member), [[12, 'no-such-ticket']]);
      assert.equal(member.agent.status.sessions, 1);
    });
  });

  test('unknown and expired tickets get the same answer', async () => {
    await withMember(async (member) => {
      for (const ticket of [randomBytes(20), member.plane.issue({ lifeMs: -1 })]) {
        const outcome = await member.dial(ticket);
        assert.ok(outcome.kind === 'rejected' && outcome.code === errorCode.accessDenied);
      }
      assert.deepEqual(rejections(member), [
        [12, 'no-such-ticket'],
        [12, 'no-such-ticket'],
      ]);
    });
  });

  for (const credential of [
    { kind: 'anonymous' },
    { kind: 'password', password: 'right' },
    { kind: 'plain', password: 'right' },
  ] as const) {
    test(`a login by ${credential.kind} is denied without asking anyone`, async () => {
      await withMember(async (member) => {
        const outcome = await member.dial(Buffer.alloc(0), { credential });
        assert.ok(outcome.kind === 'rejected' && outcome.code === errorCode.accessDenied);
        assert.deepEqual(rejections(member), [[12, 'no-ticket']]);
      });
    });
  }

  test('the control plane sees a digest, and no log sees the ticket', async () => {
    await withMember(async (member) => {
      const ticket = member.plane.issue();
      await member.connect(ticket);
      const told = JSON.stringify([
        member.log.entries,
        member.plane.heartbeats,
        member.plane.joins,
      ]);
      assert.equal(member.plane.redeemed.length, 1);
      assert.ok(
        !told.includes(ticket.toString('hex')) && !told.includes(ticket.toString('base64')),
      );
    });
  });

  test('without the control plane nobody new gets in, and is sent to try again soon', async () => {
    await withMember(async (member) => {
      member.plane.mode = 'down';
      const outcome = await member.dial(member.plane.issue());
      assert.ok(outcome.kind === 'rejected' && outcome.code === errorCode.controllerConnectFailed);
      assert.equal(member.agent.status.sessions, 0);
      member.plane.mode = 'up';
    });
  });

  test('a member that is full sends the client back to the front door', async () => {
    await withMember(
      async (member) => {
        await member.connect(member.plane.issue());
        const ticket = member.plane.issue();
        const outcome = await member.dial(ticket);
        assert.ok(outcome.kind === 'rejected' && outcome.code === errorCode.noMemberForHub);
        assert.deepEqual(rejections(member), [[49, 'member-full']]);
      },
      { capacity: 1 },
    );
  });

  test('logins that arrive together do not fill a member beyond its capacity', async () => {
    await withMember(
      async (member) => {
        member.plane.redeemDelayMs = 100;
        const outcomes = await Promise.all(
          Array.from({ length: 5 }, () => member.dial(member.plane.issue())),
        );
        const sessions = outcomes.flatMap((it) => (it.kind === 'connected' ? [it.session] : []));
        assert.equal(sessions.length, 2);
        for (const session of sessions) await session.close();
      },
      { capacity: 2 },
    );
  });

  test('a client that left while its ticket was redeemed leaves no session behind', async () => {
    await withMember(async (member) => {
      member.plane.redeemDelayMs = 300;
      const client = await RawClient.open(member.agent.port);
      await client.hello();
      void client.ask(loginPack(member.plane.issue())).catch(() => undefined);
      await until('the question', () => member.plane.redeemed.length === 1);
      client.close();
      await until('the rejection', () => rejections(member).length === 1);
      assert.deepEqual(rejections(member), [[12, 'client-gone']]);
      assert.equal(member.agent.status.sessions, 0);
    });
  });
});

describe('what a grant says goes', () => {
  test('Welcome carries its session name, timeout, policy and message', async () => {
    await withMember(async (member) => {
      const grant = {
        sessionName: 'SID-ALICE-7',
        sessionTimeoutMs: 7_000,
        policy: { noServer: true, maxConnection: 3 },
        message: 'Grüß Gott',
      };
      const session = await member.connect(member.plane.issue(grant), { maxConnections: 8 });
      const { welcome } = session;
      assert.equal(welcome.sessionName, 'SID-ALICE-7');
      // A genuine client looks every 256 ms: told this, it has given up after 7 s.
      assert.equal(welcome.timeoutMs, 6_744);
      assert.equal(welcome.maxConnection, 3);
      assert.equal(welcome.message, 'Grüß Gott');
      assert.deepEqual(
        { ...welcome.policy },
        { ...defaultPolicy, noServer: true, maxConnection: 3, noBridge: true, noRouting: true },
      );
      assert.deepEqual([welcome.qos, welcome.halfConnection], [false, false]);
    });
  });

  test('single connection, for clients that misplace the others', async () => {
    await withMember(async (member) => {
      const ticket = member.plane.issue({ singleConnection: true });
      const session = await member.connect(ticket, { maxConnections: 8 });
      assert.equal(session.welcome.maxConnection, 1);
    });
  });

  test('monitor mode needs the policy, whatever the front door was told', async () => {
    await withMember(async (member) => {
      const denied = await member.dial(member.plane.issue(), { monitor: true });
      assert.ok(denied.kind === 'rejected' && denied.code === errorCode.monitorModeDenied);
      const policy = { monitorPort: true };
      await member.connect(member.plane.issue({ policy }), { monitor: true });
    });
  });

  test('a hub that is offline lets nobody in', async () => {
    await withMember(async (member) => {
      const outcome = await member.dial(member.plane.issue({ online: false }));
      assert.ok(outcome.kind === 'rejected' && outcome.code === errorCode.accessDenied);
      assert.deepEqual(rejections(member), [[12, 'hub-offline']]);
    });
  });
});

describe('additional connections', () => {
  test('join by session key, and frames flow over all of them', async () => {
    await withMember(async (member) => {
      const received: string[] = [];
      const options = { maxConnections: 4, additionalConnectEveryMs: 20 };
      const alice = await member.connect(member.plane.issue(), options);
      await member.connect(member.plane.issue({ user: 'bob' }), {
        ...options,
        onFrame: (arrived) => received.push(payloadOf(arrived)),
      });
      await until('four connections', () => alice.connections === 4);
      for (let n = 0; n < 20; n++) alice.send([frame(broadcast, mac(1), `${n}`)]);
      await until('twenty frames', () => received.length === 20);
      assert.equal(member.agent.status.sessions, 2);
    });
  });

  test('an unknown session key: error 13', async () => {
    await withMember(async (member) => {
      await withClient(member, async (client) => {
        await client.hello();
        const request = {
          sessionKey: randomBytes(20),
          clientStr: '',
          clientVer: 0,
          clientBuild: 0,
        };
        const answer = await client.ask(encodeAdditionalConnect(request));
        assert.equal(answer.int('error'), errorCode.sessionTimeout);
        await until('an orderly end', () => client.ended === 'end');
      });
    });
  });

  test('more than the session has: error 15', async () => {
    await withMember(async (member) => {
      const session = await member.connect(member.plane.issue());
      const request = {
        sessionKey: session.welcome.sessionKey,
        clientStr: '',
        clientVer: 0,
        clientBuild: 0,
      };
      const codes: number[] = [];
      const clients: RawClient[] = [];
      for (let n = 0; n < 2; n++) {
        const client = await RawClient.open(member.agent.port);
        clients.push(client);
        await client.hello();
        codes.push((await client.ask(encodeAdditionalConnect(request))).int('error'));
      }
      assert.deepEqual(codes, [0, errorCode.tooManyConnections]);
      for (const client of clients) client.close();
    });
  });
});

describe('the handshake', () => {
  test('GET / answers the page old clients look for, and the connection goes on', async () => {
    await withMember(async (member) => {
      await withClient(member, async (client) => {
        client.socket.write('GET / HTTP/1.1\r\nX-VPN: 1\r\n\r\n');
        const page = await client.response();
        assert.equal(page.body.toString(), probePage);
        const hello = await client.hello();
        assert.equal(hello.bytes('random', 20)?.length, 20);
      });
    });
  });

  test('noop is answered as often as it comes, up to 19 requests', async () => {
    await withMember(async (member) => {
      await withClient(member, async (client) => {
        await client.hello();
        for (let n = 2; n <= 19; n++) {
          assert.equal((await client.ask(new Pack().setInt('noop', 1))).int('noop'), 2);
        }
        await assert.rejects(client.ask(new Pack().setInt('noop', 1)), /no answer/);
        assert.equal(client.ended, 'end');
      });
    });
  });

  for (const method of ['admin', 'farm_connect', 'enum_hub', 'password', 'nonsense']) {
    test(`${method}: not served here, error 33`, async () => {
      await withMember(async (member) => {
        await withClient(member, async (client) => {
          await client.hello();
          const answer = await client.ask(new Pack().setStr('method', method));
          assert.equal(answer.int('error'), errorCode.notSupported);
          await until('an orderly end', () => client.ended === 'end');
        });
      });
    });
  }

  test('stream bytes that come in the same chunk as the login are the session’s', async () => {
    await withMember(async (member) => {
      const received: string[] = [];
      await member.connect(member.plane.issue({ user: 'bob' }), {
        onFrame: (arrived) => received.push(payloadOf(arrived)),
      });
      await withClient(member, async (client) => {
        await client.hello();
        const welcome = await client.ask(loginPack(member.plane.issue()));
        assert.equal(decodeWelcome(welcome).sessionKey.length, 20);
        const batch = encodeBatch([frame(broadcast, mac(1), 'first')]);
        client.socket.write(batch.subarray(0, 7));
        client.socket.write(batch.subarray(7));
        await until('the frame', () => received.length === 1);
        await until('a keep-alive', () => client.received().includes('ffffffff', 0, 'hex'));
      });
    });
  });

  test('TLS 1.2 with forward secrecy and AEAD, nothing else', async () => {
    await withMember(async (member) => {
      await withClient(member, async (client) => {
        assert.equal(client.socket.getProtocol(), 'TLSv1.2');
        assert.match(
          client.socket.getCipher().standardName,
          /^TLS_ECDHE_ECDSA_WITH_.*(GCM|POLY1305)/,
        );
        const presented = client.socket.getPeerCertificate().raw;
        assert.ok(presented.equals(member.certificate.certDer));
      });
    });
  });

  test('a 5.01 client is renegotiated with once, right after Welcome; no other is', async () => {
    await withMember(async (member) => {
      for (const [version, handshakes] of [
        [501, 1],
        [502, 0],
        [444, 0],
      ] as const) {
        await withClient(member, async (client) => {
          let seen = 0;
          client.socket.on('secure', () => {
            seen += 1;
          });
          await client.hello();
          const pack = loginPack(member.plane.issue(), { client_ver: version });
          assert.equal((await client.ask(pack)).int('error'), 0);
          await until('a keep-alive at once', () => client.received().length >= 8, 1_000);
          await until(`${handshakes} handshakes`, () => seen === handshakes);
        });
      }
    });
  });
});
