import assert from 'node:assert/strict';
import { test } from 'node:test';
import { behindLoadBalancer } from '#functions/http/load-balancer.ts';
import { readError } from '#shared/wire/error-answer.ts';
import { errorCode } from '#shared/wire/error-code.ts';
import { connectTarget, vpnTarget } from '#shared/wire/http.ts';
import { encodeLogin } from '#shared/wire/login.ts';
import { answerPackLimits, decodePack, encodePack, Pack } from '#shared/wire/pack.ts';
import { ControlPlane } from '../control-plane.ts';
import { loginOf } from '../login-wish.ts';
import { WatchedTable } from '../watched-table.ts';

interface Stage {
  readonly plane: ControlPlane;
  readonly ask: (method: string, path: string, body?: Uint8Array, more?: object) => Promise<Asked>;
}

interface Asked {
  readonly status: number;
  readonly body: Buffer;
  readonly changed: readonly string[];
  /** Events of the request: a login that is rejected has exactly one. */
  readonly reasons: readonly unknown[];
}

async function stage(): Promise<Stage> {
  const table = new WatchedTable();
  const plane = new ControlPlane(table);
  await plane.createHub('OFFICE', 'static');
  await plane.createUser('OFFICE', 'alice', 'secret');
  await plane.startMember('i-1');
  const handle = behindLoadBalancer(plane.frontDoor);
  const ask: Stage['ask'] = async (httpMethod, path, body, more = {}) => {
    table.takeChanges();
    const logged = plane.log.entries.length;
    const answer = await handle(
      {
        httpMethod,
        path,
        headers: { 'x-forwarded-for': '198.51.100.1' },
        body: body && Buffer.from(body).toString('base64'),
        isBase64Encoded: body !== undefined,
        ...more,
      },
      { awsRequestId: 'test' },
    );
    return {
      status: answer.statusCode,
      body: Buffer.from(answer.body, answer.isBase64Encoded ? 'base64' : 'utf8'),
      changed: table.takeChanges(),
      reasons: plane.log.entries.slice(logged).map(({ fields }) => fields['reason']),
    };
  };
  return { plane, ask };
}

function errorIn({ status, body, changed }: Asked, what: string): number {
  assert.equal(status, 200, what);
  assert.deepEqual(changed, [], what);
  return readError(decodePack(body, answerPackLimits));
}

const login = async ({ plane }: Stage): Promise<Pack> =>
  encodeLogin(loginOf(await plane.hello(), { hub: 'OFFICE', user: 'alice', password: 'secret' }));

test('what is no PACK, or too large to be one, is a protocol error', async () => {
  const { ask, plane } = await stage();
  const hello = encodePack(new Pack().setStr('method', 'login'));
  const bodies: [string, Uint8Array, string][] = [
    ['nothing', Buffer.alloc(0), 'pack-truncated'],
    ['text', Buffer.from('{"method":"login"}'), 'pack-over-limit'],
    ['zeros', Buffer.alloc(4_096), ''],
    ['ones', Buffer.alloc(4_096, 0xff), 'pack-over-limit'],
    ['a PACK cut short', hello.subarray(0, -3), ''],
    ['a PACK with something behind it', Buffer.concat([hello, Buffer.alloc(9)]), ''],
    ['more than a login may have', Buffer.alloc(200_000), 'pack-over-limit'],
  ];
  for (const [what, body, reason] of bodies) {
    const asked = await ask('POST', vpnTarget, body);
    const code = errorIn(asked, what);
    assert([errorCode.protocolError, errorCode.none].includes(code as 4), `${what}: ${code}`);
    if (reason !== '') assert.deepEqual(asked.reasons, [reason], what);
  }
  assert(plane.log.of('login.redirected').length === 0);
});

test('every field of a login, of another type: an error, and nothing changes', async () => {
  const set = await stage();
  const good = await login(set);
  const names = ['hubname', 'username', 'method', 'authtype', 'secure_password', 'UniqueId'];
  for (const name of names) {
    const variants: [string, (pack: Pack) => Pack][] = [
      ['a number', (pack) => pack.setInt(name, 7)],
      ['a text', (pack) => pack.setStr(name, 'text')],
      ['empty', (pack) => pack.setStr(name, '')],
      ['20,000 characters', (pack) => pack.setStr(name, 'x'.repeat(20_000))],
      ['bytes', (pack) => pack.setData(name, Buffer.alloc(300, 1))],
    ];
    for (const [what, change] of variants) {
      const pack = change(decodePack(encodePack(good), answerPackLimits));
      const asked = await set.ask('POST', vpnTarget, encodePack(pack));
      if (name === 'UniqueId') continue; // does not decide whether one gets in
      assert.equal(asked.status, 200);
      const code = readError(decodePack(asked.body, answerPackLimits));
      assert.notEqual(code, 0, `${name}: ${what}`);
      const kept = asked.changed.filter((key) => !/^(REJECTED|THROTTLE)#/.test(key));
      assert.deepEqual(kept, [], `${name}: ${what}`);
      assert.equal(asked.reasons.length, 1, `${name}: ${what}: one event says why`);
    }
  }
});

test('a challenge that is malformed, forged, somebody else’s or old lets nobody in', async () => {
  const set = await stage();
  const mine = await login(set);
  const foreign = await set.plane.hello('203.0.113.99');
  const wish = { hub: 'OFFICE', user: 'alice', password: 'secret' };
  const tokens: [string, string][] = [
    ['', 'challenge-malformed'],
    ['x'.repeat(64), 'challenge-malformed'],
    ['AAAA.BBBB', 'challenge-malformed'],
    [foreign.hello, 'challenge-foreign'],
  ];
  for (const [token, reason] of tokens) {
    const pack = decodePack(encodePack(mine), answerPackLimits).setStr('ServerProductName', token);
    const asked = await set.ask('POST', vpnTarget, encodePack(pack));
    assert.equal(readError(decodePack(asked.body, answerPackLimits)), errorCode.authFailed);
    assert.deepEqual(asked.reasons, [reason]);
    assert.deepEqual(
      asked.changed.filter((key) => !key.startsWith('REJECTED#')),
      [],
      token,
    );
  }
  set.plane.clock.advance(10 * 60_000);
  assert.equal((await set.plane.rejectionOf({ ...wish, hub: 'NOWHERE' })).code, 8);
  const asked = await set.ask('POST', vpnTarget, encodePack(mine));
  assert.deepEqual(asked.reasons, ['challenge-expired']);
});

test('a ticket, a member’s login and administration are not for the front door', async () => {
  const set = await stage();
  const ticket = decodePack(encodePack(await login(set)), answerPackLimits)
    .setInt('authtype', 99)
    .setData('ticket', Buffer.alloc(20, 1));
  const asked = await set.ask('POST', vpnTarget, encodePack(ticket));
  assert.equal(errorIn({ ...asked, changed: [] }, 'ticket'), errorCode.authFailed);
  assert.deepEqual(asked.reasons, ['ticket-at-front-door']);
  for (const name of ['admin', 'farm_connect', 'password', 'additional_connect', 'x'.repeat(999)]) {
    const pack = new Pack().setStr('method', name);
    assert.notEqual(errorIn(await set.ask('POST', vpnTarget, encodePack(pack)), name), 0);
  }
});

test('connect.cgi takes a small body only, and what does not exist is not found', async () => {
  const { ask } = await stage();
  const expected: [string, string, number, number][] = [
    ['POST', connectTarget, 5_000, 413],
    ['GET', connectTarget, 0, 404],
    ['PUT', connectTarget, 10, 404],
    ['GET', vpnTarget, 0, 404],
    ['DELETE', vpnTarget, 0, 404],
    ['POST', '/', 10, 404],
    ['POST', '/vpnsvc/other.cgi', 10, 404],
    ['GET', `/${'x'.repeat(8_000)}`, 0, 404],
    ['TRACE', '/', 0, 400],
    ['NO METHOD', '/', 0, 400],
    ['POST', vpnTarget, 1_100_000, 413],
  ];
  for (const [method, path, bytes, status] of expected) {
    const asked = await ask(method, path, bytes > 0 ? Buffer.alloc(bytes, 1) : undefined);
    assert.equal(asked.status, status, `${method} ${path.slice(0, 40)}`);
    assert.deepEqual(asked.changed, []);
  }
});

test('headers that claim addresses, or are no headers, change nothing', async () => {
  const { ask } = await stage();
  for (const value of ['', ',', 'x'.repeat(5_000), '::1, [::1', '\u0000', 'a\r\nb: c']) {
    const asked = await ask('POST', connectTarget, Buffer.from('VPNCONNECT'), {
      headers: { 'x-forwarded-for': value },
    });
    assert([200, 400].includes(asked.status), value.slice(0, 20));
    assert.deepEqual(asked.changed, []);
  }
});
