import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ticketDigest } from '#functions/domain/ticket.ts';
import { decodeExplanation } from '#functions/store/explanation.ts';
import type { Hub } from '#functions/store/hub-store.ts';
import type { User } from '#functions/store/user-store.ts';
import { hubName, memberId } from '#shared/kernel/ids.ts';
import type { Credential, Login } from '#shared/wire/login.ts';
import { hashPassword, securePassword } from '#shared/wire/password.ts';
import { defaultPolicy } from '#shared/wire/policy.ts';
import { ControlPlane } from '../control-plane.ts';
import type { LoginWish } from '../login-wish.ts';

const alice: LoginWish = { hub: 'OFFICE', user: 'alice', password: 'pass1234' };

async function cluster(
  hub: Partial<Hub> = {},
  user: Partial<User> = {},
): Promise<{ plane: ControlPlane; grantOf: (wish: LoginWish) => ReturnType<typeof granted> }> {
  const plane = new ControlPlane();
  await plane.createHub('OFFICE', 'static', hub);
  await plane.createUser('OFFICE', 'Alice', 'pass1234', user);
  await plane.createUser('OFFICE', 'guest', undefined);
  const member = await plane.startMember('i-a', { address: '192.0.2.7', ports: [443, 5555] });
  const granted = async (wish: LoginWish) => {
    const redirect = await plane.redirectOf(wish);
    const reply = await member.redeem(ticketDigest(redirect.ticket));
    assert(reply.kind === 'ok', JSON.stringify(reply));
    return reply.value;
  };
  return { plane, grantOf: granted };
}

test('a password login is redirected to a member with its exact certificate', async () => {
  const { plane } = await cluster();
  const redirect = await plane.redirectOf(alice);
  assert.equal(redirect.address, '192.0.2.7');
  assert.deepEqual(redirect.ports, [443, 5555]);
  assert.deepEqual(redirect.certificate, Buffer.from('certificate of i-a'));
  const [event] = plane.log.of('login.redirected');
  assert.equal(event?.['member'], 'i-a');
  assert.equal(event?.['reason'], 'least-loaded');
  assert.equal(event?.['rounds'], 1);
});

test('the ticket is worth a grant of what hub and user are configured as', async () => {
  const { grantOf } = await cluster({ message: 'Welcome.' });
  const grant = await grantOf({ ...alice, hub: 'office', user: 'aLICE' });
  assert.match(grant.sessionName, /^SID-ALICE-[0-9A-F]{8}$/);
  assert.deepEqual(grant, {
    sessionName: grant.sessionName,
    user: 'Alice',
    hub: { name: 'OFFICE', kind: 'static', version: 1, online: true },
    placementEpoch: 0,
    policy: defaultPolicy,
    sessionTimeoutMs: 5_000,
    singleConnection: false,
    message: 'Welcome.',
    issuedMs: grant.issuedMs,
    explanation: grant.explanation,
  });
  const explanation = decodeExplanation(grant.explanation);
  assert.deepEqual([explanation?.reason, explanation?.looked], ['least-loaded', 1]);
});

test('a plain password, and an anonymous user with whatever it sends, get in', async () => {
  const { grantOf } = await cluster();
  const plain: Credential = { kind: 'plain', password: 'pass1234' };
  assert.equal((await grantOf({ ...alice, credential: plain })).user, 'Alice');
  assert.equal((await grantOf({ hub: 'OFFICE', user: 'guest' })).user, 'guest');
  assert.equal((await grantOf({ hub: 'OFFICE', user: 'GUEST', password: 'x' })).user, 'guest');
  const certificate: Credential = {
    kind: 'certificate',
    certificate: Buffer.from('x'),
    signature: Buffer.from('y'),
  };
  assert.equal(
    (await grantOf({ hub: 'OFFICE', user: 'guest', credential: certificate })).user,
    'guest',
  );
});

test('the shorter of hub timeout and user timeout is granted', async () => {
  const shorter = await cluster({}, { policy: { ...defaultPolicy, timeoutSec: 3 } });
  assert.equal((await shorter.grantOf(alice)).sessionTimeoutMs, 3_000);
  const longer = await cluster(
    {},
    { policy: { ...defaultPolicy, timeoutSec: 60, maxConnection: 4 } },
  );
  const grant = await longer.grantOf(alice);
  assert.equal(grant.sessionTimeoutMs, 5_000);
  assert.equal(grant.policy.maxConnection, 4);
});

test('the administrator logs in with the hub password and may monitor', async () => {
  const { plane, grantOf } = await cluster();
  const sealed = plane.sealedSecurePassword('OFFICE', 'hubpw');
  const hub = await plane.stores.hubs.get(hubName('office'));
  assert(hub && (await plane.stores.hubs.replace({ ...hub, sealedSecurePassword: sealed }, 1)));
  const grant = await grantOf({ hub: 'OFFICE', user: 'Administrator', password: 'hubpw' });
  assert.equal(grant.user, 'administrator');
  assert.equal(grant.policy.monitorPort, true);
  assert.equal(grant.policy.noBroadcastLimiter, true);
  const wrong = await plane.rejectionOf({ hub: 'OFFICE', user: 'administrator', password: 'x' });
  assert.deepEqual(wrong, { code: 9, reason: 'wrong-password' });
});

interface Refusal {
  readonly fact: string;
  readonly code: number;
  readonly reason: string;
  readonly wish?: Partial<LoginWish>;
  readonly hub?: Partial<Hub>;
  readonly user?: Partial<User>;
}

const ticket: Credential = { kind: 'ticket', ticket: Buffer.alloc(20, 1) };
const changes = (login: Partial<Login>): Partial<LoginWish> => ({ changes: login });
const refusals: readonly Refusal[] = [
  { fact: 'an unknown hub', code: 8, reason: 'unknown-hub', wish: { hub: 'NOWHERE' } },
  { fact: 'a disabled hub', code: 10, reason: 'hub-offline', hub: { online: false } },
  { fact: 'an unknown user', code: 9, reason: 'unknown-user', wish: { user: 'mallory' } },
  { fact: 'a wrong password', code: 9, reason: 'wrong-password', wish: { password: 'wrong' } },
  {
    fact: 'a wrong plain password',
    code: 9,
    reason: 'wrong-password',
    wish: { credential: { kind: 'plain', password: 'wrong' } },
  },
  {
    fact: 'an unknown user with a plain password',
    code: 9,
    reason: 'unknown-user',
    wish: { user: 'mallory', credential: { kind: 'plain', password: '' } },
  },
  {
    fact: 'a password user without a password',
    code: 9,
    reason: 'credential-missing',
    wish: { credential: { kind: 'anonymous' } },
  },
  {
    fact: 'an unknown anonymous user',
    code: 9,
    reason: 'unknown-user',
    wish: { user: 'nobody', credential: { kind: 'anonymous' } },
  },
  { fact: 'a ticket (I5)', code: 9, reason: 'ticket-at-front-door', wish: { credential: ticket } },
  {
    fact: 'a ticket of an anonymous user (I5)',
    code: 9,
    reason: 'ticket-at-front-door',
    wish: { user: 'guest', credential: ticket },
  },
  ...[96, 97, 98, 4, 5, 100].map((authType) => ({
    fact: `authtype ${authType}`,
    code: 7,
    reason: 'auth-type-refused',
    wish: { user: 'guest', credential: { kind: 'refused' as const, authType } },
  })),
  {
    fact: 'a certificate',
    code: 7,
    reason: 'certificate-not-supported',
    wish: {
      credential: {
        kind: 'certificate',
        certificate: Buffer.from('x'),
        signature: Buffer.from('y'),
      },
    },
  },
  {
    fact: 'the administrator of a hub without a password',
    code: 51,
    reason: 'empty-password-not-local',
    wish: { user: 'administrator', password: '' },
  },
  {
    fact: 'an expired user',
    code: 12,
    reason: 'user-expired',
    user: { expiresMs: Date.UTC(2026, 0) },
  },
  {
    fact: 'a user without access',
    code: 12,
    reason: 'policy-denies-access',
    user: { policy: { ...defaultPolicy, access: false } },
  },
  {
    fact: 'monitoring by a user who may not',
    code: 107,
    reason: 'policy-denies-monitor',
    wish: changes({ requireMonitorMode: true }),
  },
  {
    fact: 'bridging by a user who may not',
    code: 108,
    reason: 'policy-denies-bridge',
    user: { policy: { ...defaultPolicy, noBridge: true, noRouting: true } },
    wish: changes({ clientStr: 'SoftEther VPN Server (64 bit) (Cascade Mode)' }),
  },
  {
    fact: 'a credential sealed for another user',
    code: 23,
    reason: 'credential-unreadable',
    user: { auth: { kind: 'password', sealedKey: Buffer.alloc(48, 1) } },
  },
  {
    fact: 'a 5.01 client configured by name',
    code: 33,
    reason: 'name-configured-client',
    wish: changes({ serverHostname: 'vpn.example.com' }),
  },
  {
    fact: 'an early 5.02 client configured by name',
    code: 33,
    reason: 'name-configured-client',
    wish: changes({ serverHostname: '203.0.113.1/tcp', clientVer: 502, clientBuild: 5180 }),
  },
];

for (const { fact, code, reason, wish, hub, user } of refusals) {
  test(`${fact} is told error ${code}, and the log says ${reason}`, async () => {
    const { plane } = await cluster(hub, user);
    assert.deepEqual(await plane.rejectionOf({ ...alice, ...wish }), { code, reason });
    const member = await plane.stores.members.get(memberId('i-a'));
    assert.equal(member?.reserved, 0, 'no place is taken');
  });
}

test('clients configured by name that cope are redirected', async () => {
  const { grantOf } = await cluster();
  const named = { serverHostname: 'vpn.example.com' };
  const stable = { ...named, clientVer: 444, clientBuild: 9807 };
  assert.equal((await grantOf({ ...alice, changes: stable })).singleConnection, false);
  const newer = { ...named, clientVer: 502, clientBuild: 5187 };
  assert.equal((await grantOf({ ...alice, changes: newer })).singleConnection, true);
  const literal = { clientVer: 502, clientBuild: 5187 };
  assert.equal((await grantOf({ ...alice, changes: literal })).singleConnection, false);
});

test('a challenge counts for the address it was given to, for 60 s, and not altered', async () => {
  const { plane } = await cluster();
  const reasons = async (): Promise<unknown> => plane.rejections().at(-1)?.['reason'];

  const hello = await plane.hello('198.51.100.1');
  const elsewhere = await plane.logInWith(hello, { ...alice, address: '198.51.100.2' });
  assert.deepEqual([elsewhere, await reasons()], [{ kind: 'error', code: 9 }, 'challenge-foreign']);

  const late = await plane.hello();
  plane.clock.advance(60_001);
  assert.deepEqual(await plane.logInWith(late, alice), { kind: 'error', code: 9 });
  assert.equal(await reasons(), 'challenge-expired');

  const genuine = { ...(await plane.hello()), hello: 'SoftEther VPN Server (64 bit)' };
  assert.deepEqual(await plane.logInWith(genuine, alice), { kind: 'error', code: 9 });
  assert.equal(await reasons(), 'challenge-malformed');

  const fresh = await plane.hello();
  const otherRandom = { ...fresh, random: Buffer.alloc(20) };
  assert.deepEqual(await plane.logInWith(otherRandom, alice), { kind: 'error', code: 9 });
  assert.equal(await reasons(), 'wrong-password');
});

test('nothing that is logged or stored is a password, an answer or a ticket', async () => {
  const { plane } = await cluster();
  const hello = await plane.hello();
  const redirect = await plane.redirectOf(alice);
  await plane.logInWith(hello, { ...alice, credential: { kind: 'plain', password: 'pass1234' } });
  await plane.rejectionOf({ ...alice, credential: { kind: 'plain', password: 'hunter2' } });
  const logged = JSON.stringify(plane.log.entries);
  const user = await plane.stores.users.get(hubName('OFFICE'), 'alice');
  assert(user?.auth.kind === 'password');
  const hash = hashPassword('pass1234', 'alice');
  assert(!Buffer.from(user.auth.sealedKey).includes(hash), 'the stored hash is sealed');
  for (const secret of [
    'pass1234',
    'hunter2',
    hash,
    securePassword(hash, hello.random),
    redirect.ticket,
  ]) {
    const forms =
      typeof secret === 'string'
        ? [secret]
        : [secret.toString('hex'), secret.toString('base64'), secret.toJSON().data.join(',')];
    for (const form of forms) assert(!logged.includes(form), 'a secret was logged');
  }
});
