import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { hubListKeptMs } from '#functions/frontdoor/hub-list.ts';
import { decodeEnumHubAnswer, encodeEnumHub } from '#shared/wire/enum-hub.ts';
import { readError } from '#shared/wire/error-answer.ts';
import { connectTarget, probePage, vpnTarget } from '#shared/wire/http.ts';
import { encodeLogin } from '#shared/wire/login.ts';
import { encodePack, Pack } from '#shared/wire/pack.ts';
import { capture, captureBody } from '#test/support/captures.ts';
import { MemoryTable } from '#test/support/memory-table.ts';
import { WrappedTable } from '#test/support/wrapped-table.ts';
import { ControlPlane } from '../control-plane.ts';
import { loginOf } from '../login-wish.ts';

const bindings = { clientAddress: '198.51.100.1', requestId: 'test' };
const method = (name: string): Pack => new Pack().setStr('method', name);

test('the probe of old clients finds the page of a genuine server', async () => {
  const plane = new ControlPlane();
  const response = await plane.frontDoor.request('/', { headers: { 'X-VPN': '1' } }, bindings);
  assert.equal(response.status, 403);
  const page = await response.text();
  assert.equal(page, probePage);
  const genuine = captureBody('01-ctl-s-get-probe-403').toString('latin1');
  const known = genuine.slice(0, genuine.indexOf('permission to access ') + 21);
  assert(page.startsWith(known), 'clients compare this much');
});

test('connect.cgi answers Hello, with a token, to the genuine GIF and VPNCONNECT', async () => {
  const plane = new ControlPlane();
  const gif = captureBody('01-ctl-c-connect-cgi');
  const response = await plane.post(connectTarget, gif, '198.51.100.1');
  assert.equal(response.status, 200);
  assert.equal(response.headers.get('content-type'), 'application/octet-stream');
  const hello = await plane.hello();
  assert.match(hello.hello, /^[\w.-]{1,63}$/);
  assert.deepEqual([hello.version, hello.build, hello.random.length], [502, 5187, 20]);
  assert.notEqual((await plane.hello()).hello, hello.hello);
});

test('connect.cgi refuses a large body, and other targets do not exist', async () => {
  const plane = new ControlPlane();
  const large = await plane.post(connectTarget, Buffer.alloc(4_097), '198.51.100.1');
  assert.equal(large.status, 413);
  assert.equal((await plane.post(connectTarget, Buffer.alloc(4_096), 'x')).status, 200);
  for (const path of ['/index.html', '/vpnsvc/', '/vpnsvc/vpn.cgi/', '/api']) {
    assert.equal((await plane.frontDoor.request(path, {}, bindings)).status, 404, path);
  }
  assert.equal((await plane.frontDoor.request(vpnTarget, {}, bindings)).status, 404, 'GET');
  assert.equal((await plane.frontDoor.request('/', { method: 'POST' }, bindings)).status, 404);
});

test('methods that need more than one request are refused, each with its error', async () => {
  const plane = new ControlPlane();
  const expected = {
    admin: 33,
    farm_connect: 33,
    additional_connect: 13,
    nonsense: 4,
  };
  for (const [name, code] of Object.entries(expected)) {
    assert.equal(readError(await plane.ask(method(name))), code, name);
  }
  assert.equal(plane.log.of('method.rejected').length, 4);
});

test('noop and the empty PACK after a redirect get a harmless answer', async () => {
  const plane = new ControlPlane();
  const noop = await plane.ask(new Pack().setInt('noop', 1));
  assert.deepEqual([readError(noop), noop.int('noop')], [0, 2]);
  const acknowledged = await plane.ask(captureBody('01-ctl-c-after-redirect-empty'));
  assert.equal(readError(acknowledged), 0);
  assert.deepEqual(plane.log.entries, []);
});

test('enum_hub names the hubs that want to be found, and no more than it looks at', async () => {
  const plane = new ControlPlane();
  assert.deepEqual(decodeEnumHubAnswer(await plane.ask(encodeEnumHub())), []);
  plane.clock.advance(hubListKeptMs);
  await plane.createHub('Zulu', 'static');
  await plane.createHub('alpha', 'dynamic');
  await plane.createHub('secret', 'dynamic', { noEnum: true });
  assert.deepEqual(decodeEnumHubAnswer(await plane.ask(encodeEnumHub())), ['alpha', 'Zulu']);
  for (let hub = 0; hub < 510; hub += 1) await plane.createHub(`m${hub}`, 'static');
  plane.clock.advance(hubListKeptMs);
  assert.equal(decodeEnumHubAnswer(await plane.ask(encodeEnumHub())).length, 500);
});

test('strangers who keep asking for the hubs have the table read now and then', async () => {
  const reads = new CountingTable(new MemoryTable());
  const plane = new ControlPlane(reads);
  await plane.createHub('alpha', 'dynamic');
  reads.count = 0;
  const ask = async () => decodeEnumHubAnswer(await plane.ask(encodeEnumHub()));
  for (let times = 0; times < 20; times += 1) assert.deepEqual(await ask(), ['alpha']);
  const once = reads.count;
  assert.ok(once <= 2, `${once} reads`);
  plane.clock.advance(hubListKeptMs);
  await ask();
  assert.equal(reads.count, 2 * once);
});

/** How often it was read. */
class CountingTable extends WrappedTable {
  count = 0;

  protected override read<T>(call: () => Promise<T>): Promise<T> {
    this.count += 1;
    return super.read(call);
  }
}

const genuineLogins: readonly [string, number, string][] = [
  ['04-login-password', 9, 'challenge-malformed'],
  ['05-login-plain', 9, 'ticket-at-front-door'], // misrouted by its host name, with a ticket
  ['06-login-cert', 7, 'certificate-not-supported'],
  ['07-head-login-password', 9, 'challenge-malformed'],
  ['02-mem-c-login-ticket', 9, 'ticket-at-front-door'],
];

for (const [name, code, reason] of genuineLogins) {
  test(`the genuine login ${name} is understood and told error ${code}`, async () => {
    const plane = new ControlPlane();
    await plane.startMember('i-a');
    const first = await plane.ask(captureBody(name));
    const [seen] = plane.rejections();
    assert.equal(readError(first), reason === 'ticket-at-front-door' ? 9 : 8, 'no such hub yet');
    const [hub, user] = [String(seen?.['hub']), String(seen?.['user'])];
    await plane.createHub(hub, 'static');
    await plane.createUser(hub, user, 'pass1234');
    assert.equal(readError(await plane.ask(captureBody(name))), code);
    assert.equal(plane.rejections().at(-1)?.['reason'], reason);
  });
}

test('the genuine anonymous login is redirected', async () => {
  const plane = new ControlPlane();
  await plane.startMember('i-a', { address: '192.0.2.7' });
  await plane.ask(captureBody('01-ctl-c-login-anonymous'));
  const [seen] = plane.rejections();
  await plane.createHub(String(seen?.['hub']), 'dynamic');
  await plane.createUser(String(seen?.['hub']), String(seen?.['user']), undefined);
  const answer = await plane.ask(captureBody('01-ctl-c-login-anonymous'));
  assert.equal(answer.ip4('Ip'), '192.0.2.7');
  const genuine = capture('01-ctl-s-redirect');
  assert(genuine.includes('Redirect'));
});

test('a login without hub or user, or with a broken credential, is a protocol error', async () => {
  const plane = new ControlPlane();
  const hello = await plane.hello();
  const login = (): Pack => encodeLogin(loginOf(hello, { hub: 'H', user: 'u', password: 'p' }));
  for (const field of ['hubname', 'username', 'secure_password']) {
    assert.equal(readError(await plane.ask(login().delete(field))), 4, field);
  }
  assert.equal(readError(await plane.ask(login().setData('secure_password', Buffer.alloc(19)))), 4);
  assert.equal(readError(await plane.ask(login().setStr('hubname', 'x'.repeat(256)))), 4);
  assert(plane.rejections().every(({ reason }) => String(reason).startsWith('message-field-')));
});

test('a body over 64 KiB is a protocol error, and its content is not read', async () => {
  const plane = new ControlPlane();
  assert.equal(readError(await plane.ask(Buffer.alloc(65_537))), 4);
  assert.equal(plane.rejections().at(-1)?.['reason'], 'pack-over-limit');
});

test('garbage and damaged logins are answered with an error PACK', async () => {
  const plane = new ControlPlane();
  await plane.createHub('HUB', 'static');
  await plane.createUser('HUB', 'alice', 'pw');
  const login = encodePack(
    encodeLogin(loginOf(await plane.hello(), { hub: 'HUB', user: 'alice', password: 'pw' })),
  );
  await fc.assert(
    fc.asyncProperty(
      fc.oneof(
        fc.uint8Array({ maxLength: 2_000 }),
        fc.nat(login.length).map((end) => login.subarray(0, end)),
        fc.tuple(fc.nat(login.length - 1), fc.nat(255)).map(([index, byte]) => {
          const damaged = Buffer.from(login);
          damaged[index] = byte;
          return damaged;
        }),
      ),
      async (body) => {
        const answer = await plane.ask(body);
        assert(readError(answer) >= 0);
      },
    ),
    { numRuns: 400, seed: 20261122 },
  );
});
