import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AdminRelay } from '#node-agent/admin/admin-relay.ts';
import { encodeFrame } from '#node-agent/admin/frame-reader.ts';
import type { AdminApi } from '#node-agent/control/agent-api.ts';
import { adminLimits, listenerLimits } from '#node-agent/limits.ts';
import { MemberListener } from '#node-agent/listener/member-listener.ts';
import { atEndOfTurn, systemClock, systemRandom, systemTimers } from '#node-agent/system.ts';
import type { AdminCallAnswer, AdminLoginAnswer } from '#shared/contract/admin-relay.ts';
import { agentRoutes } from '#shared/contract/routes.ts';
import { errorCode } from '#shared/wire/error-code.ts';
import { answerPackLimits, decodePack, encodePack, Pack } from '#shared/wire/pack.ts';
import { hashServerPassword, securePassword } from '#shared/wire/password.ts';
import { selfSignedCertificate } from '#shared/x509/self-signed.ts';
import { adminPassword, ControlPlane } from '#test/functions/control-plane.ts';
import type { TestMember } from '#test/functions/test-member.ts';
import { eventually } from '#test/support/eventually.ts';
import { RawClient } from '#test/support/raw-client.ts';
import { RecordingLog } from '#test/support/test-agent.ts';

/** A member's listener before the functions themselves. */
class Rig {
  readonly log = new RecordingLog();
  readonly relay: AdminRelay;
  readonly listener: MemberListener;
  asked = 0;

  constructor(member: TestMember) {
    const ask = async <T>(path: string, body: unknown) => {
      this.asked += 1;
      const reply = await member.post<T>(path, body);
      return reply.kind === 'ok' ? reply : { kind: 'problem' as const, problem: reply.problem };
    };
    const api: AdminApi = {
      adminLogin: (body) => ask<AdminLoginAnswer>(agentRoutes.adminLogin, body),
      adminCall: (body) => ask<AdminCallAnswer>(agentRoutes.adminCall, body),
    };
    const system = {
      clock: systemClock,
      timers: systemTimers,
      random: systemRandom,
      log: this.log,
    };
    this.relay = new AdminRelay({ ...system, api, limits: adminLimits });
    this.listener = new MemberListener({
      ...system,
      certificate: selfSignedCertificate({ commonName: 'x', validDays: 1, nowMs: Date.now() }),
      door: {
        login: async () => ({ kind: 'reject', code: 12, reason: 'nobody gets in here' }),
        session: () => undefined,
        admin: this.relay,
      },
      atEndOfTurn,
      limits: listenerLimits,
    });
  }
}

async function withRig(run: (rig: Rig, member: TestMember) => Promise<void>): Promise<void> {
  const member = await new ControlPlane().startMember('i-a');
  const rig = new Rig(member);
  rig.relay.challenged((await member.beat()).adminChallenge);
  await rig.listener.open('127.0.0.1', 0);
  try {
    await run(rig, member);
  } finally {
    for (const client of clients.splice(0)) client.close();
    await rig.listener.close();
  }
  assert.equal(rig.relay.lines, 0);
}

const clients: RawClient[] = [];

/** A connection that has sent its proof, and the answer to it. */
async function prove(
  rig: Rig,
  password = adminPassword,
  hub = '',
): Promise<{ client: RawClient; error: number }> {
  const client = await RawClient.open(rig.listener.port);
  clients.push(client);
  const random = (await client.hello()).bytes('random', 20) ?? Buffer.alloc(20);
  const login = new Pack()
    .setStr('method', 'admin')
    .setStr('hubname', hub)
    .setData('secure_password', securePassword(hashServerPassword(password), random))
    .setStr('client_str', 'a test');
  return { client, error: (await client.ask(login)).int('error') };
}

/** The next frame; nothing else may have come. */
async function frame(client: RawClient): Promise<Pack> {
  await eventually(() => {
    const bytes = client.received();
    const whole = bytes.length >= 4 && bytes.length === 4 + bytes.readUInt32BE(0);
    return whole ? undefined : `${bytes.length} bytes, ${client.ended ?? 'open'}`;
  }, 5_000);
  return decodePack(client.received().subarray(4), answerPackLimits);
}

const getCaps = encodeFrame(encodePack(new Pack().setStr('function_name', 'GetCaps')));
const isEnded = (client: RawClient) => () =>
  client.ended === 'end' ? undefined : String(client.ended);

test('who proves the password is answered in frames, and ends with close_notify', async () => {
  await withRig(async (rig) => {
    const { client, error } = await prove(rig);
    assert.equal(error, 0);
    assert.equal(rig.relay.lines, 1);
    client.socket.write(getCaps);
    assert.equal((await frame(client)).int('caps_b_cluster_controller'), 1);
    rig.relay.close();
    await eventually(isEnded(client), 5_000);
  });
});

test('a wrong password is refused, and a proof without one is a broken message', async () => {
  await withRig(async (rig) => {
    assert.equal((await prove(rig, 'wrong')).error, errorCode.accessDenied);
    const client = await RawClient.open(rig.listener.port);
    clients.push(client);
    await client.hello();
    const asked = rig.asked;
    await assert.rejects(client.ask(new Pack().setStr('method', 'admin')));
    assert.equal(rig.asked, asked);
  });
});

test('a huge frame and garbage end that connection and nothing else', async () => {
  await withRig(async (rig) => {
    const [one, two, three] = [await prove(rig), await prove(rig), await prove(rig)];
    one.client.socket.write(Buffer.from('7fffffff00000000', 'hex'));
    two.client.socket.write(encodeFrame(Buffer.from('no PACK at all')));
    await eventually(isEnded(one.client), 5_000);
    await eventually(isEnded(two.client), 5_000);
    three.client.socket.write(getCaps);
    assert.ok((await frame(three.client)).has('CapsName'));
    assert.deepEqual(
      rig.log.of('admin.closed').map(({ cause }) => cause),
      ['pack-over-limit', 'session-over'],
    );
  });
});

test('one address has so many administrators and no more', async () => {
  await withRig(async (rig) => {
    const { linesPerAddressMax } = adminLimits;
    for (let count = 0; count < linesPerAddressMax; count += 1) {
      assert.equal((await prove(rig)).error, 0);
    }
    assert.equal((await prove(rig)).error, errorCode.serverCannotAccept);
    clients[0]?.close();
    await eventually(
      () => (rig.relay.lines < linesPerAddressMax ? undefined : 'all are there'),
      5_000,
    );
    assert.equal((await prove(rig)).error, 0);
  });
});

test('a thousand guesses: the control plane is not asked about more than a few', async () => {
  await withRig(async (rig) => {
    const { forgedMax } = adminLimits.guesses;
    const visitor = { address: '198.51.100.9', isGone: () => false };
    const login = { hubName: '', proof: Buffer.alloc(20), clientStr: '' };
    const codes: unknown[] = [];
    for (let count = 0; count < 1_000; count += 1) {
      const outcome = await rig.relay.login(login, rig.relay.hello(), visitor);
      codes.push(outcome.kind === 'reject' && outcome.code);
    }
    assert.ok(rig.asked <= forgedMax + 5, `asked ${rig.asked} times`);
    assert.equal(codes.filter((code) => code === errorCode.accessDenied).length, 20);
    assert.equal((await prove(rig)).error, 0, 'who comes from elsewhere gets in');
  });
});

test('without a challenge nobody is admitted, and the control plane is not asked', async () => {
  const member = await new ControlPlane().startMember('i-a');
  const rig = new Rig(member);
  await rig.listener.open('127.0.0.1', 0);
  assert.equal((await prove(rig)).error, errorCode.controllerConnectFailed);
  assert.equal(rig.asked, 0);
  for (const client of clients.splice(0)) client.close();
  await rig.listener.close();
});

test('each connection has a challenge of its own', async () => {
  await withRig(async (rig) => {
    const randoms = [rig.relay.hello(), rig.relay.hello()].map(({ random }) => random);
    assert.notDeepEqual(randoms[0], randoms[1]);
  });
});
