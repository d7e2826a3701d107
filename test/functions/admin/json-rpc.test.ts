import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import fc from 'fast-check';
import { adminApp } from '#functions/admin/app.ts';
import { answerBytesMax } from '#functions/admin/json-rpc.ts';
import { methods } from '#functions/admin/methods.ts';
import { loadBalancerBodyBytesMax } from '#functions/env.ts';
import { behindLoadBalancer } from '#functions/http/load-balancer.ts';
import { AdminRig, serverPassword } from './rig.ts';

async function answer(rig: AdminRig, body: string): Promise<[number, unknown, string]> {
  const response = await rig.post(body);
  const { error, id } = JSON.parse(await response.text());
  return [response.status, error?.code, id];
}

test('malformed calls are error 38 with status 200, the id where it could be read', async () => {
  const rig = new AdminRig();
  const call = { jsonrpc: '2.0', id: 'a', method: 'Test', params: {} };
  const malformed: readonly (readonly [string, string])[] = [
    ['', '0'],
    ['garbage', '0'],
    ['[]', '0'],
    ['null', '0'],
    ['"text"', '0'],
    [`[${JSON.stringify(call)}]`, '0'],
    [JSON.stringify({ ...call, jsonrpc: '1.0' }), '0'],
    [JSON.stringify({ ...call, jsonrpc: 2 }), '0'],
    [JSON.stringify({ ...call, method: '' }), 'a'],
    [JSON.stringify({ ...call, method: 7 }), 'a'],
    [JSON.stringify({ ...call, method: undefined }), 'a'],
    [JSON.stringify({ ...call, params: undefined }), 'a'],
    [JSON.stringify({ ...call, params: [] }), 'a'],
    [JSON.stringify({ ...call, params: 'x' }), 'a'],
  ];
  for (const [body, id] of malformed) {
    assert.deepEqual(await answer(rig, body), [200, 38, id], body);
  }
});

test('an id that is no string comes back as "0", and so does an endless one', async () => {
  const rig = new AdminRig();
  for (const id of [5, null, undefined, { a: 1 }, 'x'.repeat(256)]) {
    const body = JSON.stringify({ jsonrpc: '2.0', id, method: 'Test', params: {} });
    assert.deepEqual(await answer(rig, body), [200, undefined, '0']);
  }
});

test('unknown methods are error 33, names inherited by every object included', async () => {
  const rig = new AdminRig();
  for (const method of ['Nope', 'constructor', '__proto__', 'toString', 'RebootServer']) {
    assert.deepEqual(await rig.call(method), { error: 33 }, method);
  }
});

test('methods and fields are found in any case, as in genuine servers', async () => {
  const rig = new AdminRig();
  assert.equal((await rig.call('tEST', { iNTVALUE_u32: 4 })).IntValue_u32, 4);
});

test('an answer is printed as genuine servers print it', async () => {
  const rig = new AdminRig();
  const response = await rig.post(
    '{"jsonrpc":"2.0","id":"x\\"y","method":"Test","params":{"IntValue_u32":"7",' +
      '"Int64Value_u64":"123456789012345678","UniStrValue_utf":"ü"}}',
  );
  assert.equal(
    await response.text(),
    `{
    "result": {
        "Int64Value_u64": 123456789012345678,
        "IntValue_u32": 7,
        "StrValue_str": "7",
        "UniStrValue_utf": "ü"
    },
    "jsonrpc": "2.0",
    "id": "x\\"y"
}`,
  );
  assert.equal(response.headers.get('Content-Type'), 'application/json');
});

test('an error is printed as genuine servers print it', async () => {
  const rig = new AdminRig();
  const response = await rig.post('{"jsonrpc":"2.0","id":"x","method":"No","params":{}}');
  const { error } = JSON.parse(await response.text());
  assert.equal(error.code, 33);
  assert.match(error.message, /^Error code 33: /);
});

test('CORS headers are on every answer, and OPTIONS needs no password', async () => {
  const rig = new AdminRig();
  const answers = [
    await rig.request('/api', { method: 'OPTIONS' }),
    await rig.request('/api/', { method: 'OPTIONS' }),
    await rig.request('/api/', { method: 'GET' }),
    await rig.request('/api/', { method: 'POST' }),
    await rig.post('garbage'),
  ];
  assert.deepEqual(
    answers.map((response) => response.status),
    [200, 200, 200, 401, 200],
  );
  for (const { headers } of answers) {
    assert.equal(headers.get('Access-Control-Allow-Credentials'), 'true');
    assert.equal(
      headers.get('Access-Control-Allow-Headers'),
      'X-VPNADMIN-HUBNAME,X-VPNADMIN-PASSWORD',
    );
    assert.equal(headers.get('Access-Control-Allow-Methods'), 'OPTIONS,GET,POST');
    assert.equal(headers.get('Cache-Control'), 'no-cache');
  }
});

test('GET shows every method to a browser', async () => {
  const rig = new AdminRig();
  const page = await (await rig.request('/api/', { method: 'GET' })).text();
  for (const name of Object.keys(methods)) assert.match(page, new RegExp(`<td>${name}</td>`));
});

test('a body of the limit is read, one byte more is refused', async () => {
  const rig = new AdminRig();
  const call = '{"jsonrpc":"2.0","id":"x","method":"Test","params":{}}';
  const full = call.padEnd(loadBalancerBodyBytesMax);
  assert.equal((await rig.post(full)).status, 200);
  const over = await rig.post(`${full} `);
  assert.equal(over.status, 413);
  assert.equal(JSON.parse(await over.text()).error.code, 38);
});

test('an answer too long to be passed on is error 110, not a broken one', async () => {
  const rig = new AdminRig();
  await rig.createHub('Big');
  const note = 'n'.repeat(500);
  for (let i = 0; i < 700; i += 1) {
    await rig.stores.users.create(rig.hub('Big'), {
      name: `user${i}`,
      version: 1,
      groupName: '',
      realname: note,
      note,
      auth: { kind: 'anonymous' },
      expiresMs: 0,
      createdMs: 1,
      updatedMs: 1,
      logins: 0,
      lastLoginMs: 0,
    });
  }
  const call = '{"jsonrpc":"2.0","id":"x","method":"EnumUser","params":{"HubName_str":"Big"}}';
  assert.deepEqual(await rig.call('EnumUser', { HubName_str: 'Big' }), { error: 110 });

  const headers = { 'X-VPNADMIN-PASSWORD': serverPassword, 'Accept-Encoding': 'br, gzip' };
  const zipped = await rig.request('/api/', { method: 'POST', headers, body: call });
  assert.equal(zipped.headers.get('Content-Encoding'), 'gzip');
  const bytes = Buffer.from(await zipped.arrayBuffer());
  assert.ok(bytes.length <= answerBytesMax);
  assert.equal(JSON.parse(gunzipSync(bytes).toString()).result.UserList.length, 700);

  for (let i = 430; i < 700; i += 1) await rig.stores.users.remove(rig.hub('Big'), `user${i}`);
  const response = await rig.request('/api/', { method: 'POST', headers, body: call });
  const text = await response.text();
  assert.ok(Buffer.byteLength(text) <= answerBytesMax);
  assert.doesNotMatch(text, /\n/);
  assert.equal(JSON.parse(text).result.UserList.length, 430);
});

test('whatever is in a call, the answer is an answer', async () => {
  const rig = new AdminRig();
  await rig.createHub('Hub', 2, 'p');
  await rig.call('CreateUser', { HubName_str: 'Hub', Name_str: 'u', AuthType_u32: 0 });
  const names = [
    'HubName_str HubType_u32 Online_bool MaxSession_u32 NoEnum_bool Name_str AuthType_u32',
    'Auth_Password_str HashedKey_bin HashedPassword_bin SecurePassword_bin ExpireTime_dt',
    'Realname_utf Note_utf GroupName_str UsePolicy_bool policy:Access_bool policy:VLanId_u32',
    'policy:MaxConnection_u32 Id_u32 IntValue_u32 Int64Value_u64 StrValue_str UniStrValue_utf',
    'AdminPasswordPlainText_str PlainTextPassword_str __proto__',
  ].flatMap((line) => line.split(' '));
  const value = fc.oneof(
    fc.jsonValue(),
    fc.constantFrom('Hub', 'u', 1, 2, true, '', -1, 2 ** 53, 1e300, '2026-13-77T00:00:00Z'),
    fc.string({ unit: 'binary', maxLength: 300 }),
  );
  // Passwords are left alone, or the next call would not get in.
  const callable = Object.keys(methods).filter((name) => name !== 'SetServerPassword');
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...callable),
      fc.dictionary(fc.constantFrom(...names), value),
      async (method, given) => {
        // Most calls are about something that exists, so that they come far.
        const params = { HubName_str: 'Hub', Name_str: 'u', HubType_u32: 2, ...given };
        await rig.call('CreateHub', { HubName_str: 'Hub', HubType_u32: 2 });
        const body = JSON.stringify({ jsonrpc: '2.0', id: 'f', method, params });
        const response = await rig.post(body);
        const answered = JSON.parse(await response.text());
        assert.equal(response.status, 200, JSON.stringify(rig.logged.at(-1)));
        assert.ok('result' in answered !== 'error' in answered);
        assert.notEqual(answered.error?.code, 23);
      },
    ),
    { numRuns: 1_500 },
  );
});

test('garbage instead of a call is always error 38', async () => {
  const rig = new AdminRig();
  await fc.assert(
    fc.asyncProperty(fc.string({ unit: 'binary' }), async (body) => {
      assert.deepEqual((await answer(rig, body)).slice(0, 2), [200, 38]);
    }),
    { numRuns: 300 },
  );
});

test('behind the load balancer: the event of a call, and the address in its log', async () => {
  const rig = new AdminRig();
  const handler = behindLoadBalancer(
    adminApp({
      stores: rig.stores,
      secrets: { sealer: async () => rig.sealer, adminPassword: async () => serverPassword },
      clock: { nowMs: () => rig.nowMs, monotonicMs: () => rig.nowMs },
      timers: rig.timers,
      random: { bytes: (size) => Buffer.alloc(size, 1), fraction: () => 0 },
      log: {
        info: (event, fields = {}) => rig.logged.push({ level: 'info', event, fields }),
        warn: () => undefined,
        error: () => undefined,
      },
    }),
  );
  const result = await handler(
    {
      httpMethod: 'POST',
      path: '/api/',
      headers: {
        'x-vpnadmin-password': serverPassword,
        'x-forwarded-for': '10.9.9.9, 198.51.100.77',
      },
      body:
        '{"jsonrpc":"2.0","id":"1","method":"CreateHub",' +
        '"params":{"HubName_str":"H","HubType_u32":1}}',
      isBase64Encoded: false,
    },
    { awsRequestId: 'r' },
  );
  assert.equal(result.statusCode, 200);
  assert.deepEqual(rig.logged.at(-1), {
    level: 'info',
    event: 'admin.CreateHub',
    fields: { admin: 'server', sourceAddress: '198.51.100.77', hub: 'H' },
  });
});
