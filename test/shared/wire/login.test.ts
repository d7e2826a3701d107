import assert from 'node:assert/strict';
import { createPublicKey, verify, X509Certificate } from 'node:crypto';
import { test } from 'node:test';
import { decodeHello } from '#shared/wire/hello.ts';
import { decodeLogin, encodeLogin, isBridge, type Login } from '#shared/wire/login.ts';
import { readMethod } from '#shared/wire/method.ts';
import { hashPassword, securePassword } from '#shared/wire/password.ts';
import { decodeRedirect } from '#shared/wire/redirect.ts';
import { capture } from '#test/support/captures.ts';
import { assertRefused, genuine, sent } from './genuine.ts';

const countingRandom = Buffer.from(Array.from({ length: 20 }, (_, i) => i));
const key = Buffer.alloc(20, 7);

const exampleLogin: Login = {
  hubName: 'office',
  userName: 'alice',
  credential: { kind: 'anonymous' },
  clientStr: 'example client',
  clientVer: 502,
  clientBuild: 5187,
  maxConnection: 2,
  useEncrypt: true,
  useCompress: false,
  halfConnection: false,
  requireBridgeRoutingMode: true,
  requireMonitorMode: false,
  qos: false,
  uniqueId: Buffer.alloc(16, 3),
  serverHostname: '192.0.2.1',
  serverProductName: 'token-1_2.3',
  serverProductVer: 502,
  serverProductBuild: 0x01020304,
  clientHostname: 'desk',
  clientOsName: 'Linux',
  clientOsVer: '6.1',
};

test('genuine anonymous', () => {
  const login = decodeLogin(genuine('01-ctl-c-login-anonymous'));
  assert.deepEqual(login.credential, { kind: 'anonymous' });
  assert.equal(login.hubName, 'ST');
  assert.equal(login.userName, 'anon');
  assert.equal(login.clientVer, 501);
  assert.equal(login.clientBuild, 9674);
  assert.equal(login.uniqueId.length, 16);
  assert.equal(isBridge(login), false);
});

test('genuine echo: what Hello said comes back', () => {
  const hello = decodeHello(genuine('02-mem-s-hello'));
  const login = decodeLogin(genuine('01-ctl-c-login-anonymous'));
  assert.equal(login.serverProductName, hello.hello);
  assert.equal(login.serverProductVer, hello.version);
  assert.equal(login.serverProductBuild, hello.build);
});

test('genuine ticket: the one the Redirect carried, to the address it named', () => {
  const redirect = decodeRedirect(genuine('01-ctl-s-redirect'));
  const login = decodeLogin(genuine('02-mem-c-login-ticket'));
  assert.deepEqual(login.credential, { kind: 'ticket', ticket: redirect.ticket });
  assert.equal(login.serverHostname, redirect.address);
});

for (const [name, user] of [
  ['04-login-password', 'Alice'],
  ['07-head-login-password', 'anon'],
] as const) {
  test(`genuine password of ${user} answers the challenge (${name})`, () => {
    const login = decodeLogin(genuine(name));
    const secure = securePassword(hashPassword('pass1234', user), countingRandom);
    assert.equal(login.userName, user);
    assert.deepEqual(login.credential, { kind: 'password', securePassword: secure });
  });
}

/** Though named after its account type, this is that client's login after a Redirect. */
test('genuine ticket at the wrong place: it names the member, and came to another Host', () => {
  const login = decodeLogin(genuine('05-login-plain'));
  assert.equal(login.credential.kind, 'ticket');
  assert.equal(login.serverHostname, '10.77.0.14');
  assert.match(capture('05-login-plain').toString('latin1'), /^Host: 10\.77\.0\.4\r$/m);
});

test('genuine certificate: the signature is SHA-1 over the challenge', () => {
  const { credential } = decodeLogin(genuine('06-login-cert'));
  assert.ok(credential.kind === 'certificate');
  const publicKey = createPublicKey(
    new X509Certificate(credential.certificate).publicKey.export({ type: 'spki', format: 'pem' }),
  );
  assert.ok(verify('sha1', countingRandom, publicKey, credential.signature));
});

test('genuine cascade: 8 connections, a bridge', () => {
  for (const name of ['11-cascade-login', '11-cascade-login-ticket']) {
    const login = decodeLogin(genuine(name));
    assert.equal(login.maxConnection, 8);
    assert.ok(login.qos);
    assert.ok(isBridge(login));
  }
});

test('a client that names itself bridge or server is a bridge though it did not ask', () => {
  const bridge = (clientStr: string): boolean =>
    isBridge({ clientStr, requireBridgeRoutingMode: false });
  assert.ok(bridge('some BRIDGE'));
  assert.ok(bridge('VPN Server'));
  assert.ok(!bridge('SoftEther VPN Client'));
});

test('ours reads back, with every credential', () => {
  const credentials: readonly Login['credential'][] = [
    { kind: 'anonymous' },
    { kind: 'password', securePassword: key },
    { kind: 'plain', password: 'pä ss' },
    { kind: 'certificate', certificate: Buffer.from('c'), signature: Buffer.from('s') },
    { kind: 'ticket', ticket: key },
    { kind: 'refused', authType: 97 },
  ];
  for (const credential of credentials) {
    const login: Login = { ...exampleLogin, credential };
    const pack = sent(encodeLogin(login, Buffer.alloc(10)));
    assert.equal(readMethod(pack), 'login');
    assert.deepEqual(decodeLogin(pack), login);
  }
});

test('every element ours sends, a genuine client sends too', () => {
  const names = genuine('04-login-password').elements.map(({ name }) => name);
  const ours = encodeLogin({
    ...exampleLogin,
    credential: { kind: 'password', securePassword: key },
  });
  for (const { name } of ours.elements) assert.ok(names.includes(name), name);
});

for (const authType of [4, 5, 50, 96, 97, 98, 100, 0xffffffff]) {
  test(`authtype ${authType} is refused whatever comes with it`, () => {
    const pack = genuine('04-login-password').setInt('authtype', authType);
    assert.deepEqual(decodeLogin(pack).credential, { kind: 'refused', authType });
  });
}

test('a login without hub, user or its credential is broken', () => {
  for (const field of ['hubname', 'username', 'secure_password']) {
    const pack = genuine('04-login-password').delete(field);
    assertRefused('message-field-missing', () => decodeLogin(pack));
  }
  const ticket = genuine('02-mem-c-login-ticket').setData('ticket', Buffer.alloc(21));
  assertRefused('message-field-missing', () => decodeLogin(ticket));
  const certificate = genuine('06-login-cert').setData('sign', Buffer.alloc(0));
  assertRefused('message-field-missing', () => decodeLogin(certificate));
});

test('names, passwords, certificates and signatures at their limits', () => {
  const plain = encodeLogin({ ...exampleLogin, credential: { kind: 'plain', password: 'x' } });
  for (const [field, max] of [
    ['hubname', 255],
    ['username', 255],
    ['plain_password', 512],
  ] as const) {
    const login = (size: number): Login => decodeLogin(sent(plain).setStr(field, 'x'.repeat(size)));
    login(max - 1);
    login(max);
    assertRefused('message-field-invalid', () => login(max + 1));
  }
  for (const [field, max] of [
    ['cert', 100_000],
    ['sign', 512],
  ] as const) {
    decodeLogin(genuine('06-login-cert').setData(field, Buffer.alloc(max - 1)));
    decodeLogin(genuine('06-login-cert').setData(field, Buffer.alloc(max)));
    const over = genuine('06-login-cert').setData(field, Buffer.alloc(max + 1));
    assertRefused('message-field-invalid', () => decodeLogin(over));
  }
});

test('node information is cut, not refused', () => {
  const pack = genuine('04-login-password').setStr('ServerProductName', 'x'.repeat(64));
  assert.equal(decodeLogin(pack).serverProductName, 'x'.repeat(63));
});

test('the number of connections is brought into 1..32', () => {
  for (const [asked, read] of [
    [0, 1],
    [1, 1],
    [32, 32],
    [33, 32],
    [0xffffffff, 32],
  ] as const) {
    const pack = genuine('04-login-password').setInt('max_connection', asked);
    assert.equal(decodeLogin(pack).maxConnection, read);
  }
});
