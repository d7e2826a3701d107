import assert from 'node:assert/strict';
import { test } from 'node:test';
import { methods } from '#functions/admin/methods.ts';
import { loadBalancerBodyBytesMax } from '#functions/env.ts';
import { policyFields } from '#shared/wire/policy.ts';
import { AdminRig } from '../admin/rig.ts';
import { WatchedTable } from '../watched-table.ts';
import { wrongFor } from './wrong-values.ts';

const hash = Buffer.alloc(20, 1).toString('base64');
const policy = Object.fromEntries(
  policyFields.map(({ wireName, kind }) =>
    kind === 'bool' ? [`policy:${wireName}_bool`, false] : [`policy:${wireName}_u32`, 5],
  ),
);
const user = {
  AuthType_u32: 1,
  Auth_Password_str: 'secret',
  Realname_utf: 'Alice',
  Note_utf: 'note',
  ExpireTime_dt: 0,
  UsePolicy_bool: true,
  ...policy,
};
const group = { Realname_utf: 'Staff', Note_utf: '', UsePolicy_bool: true, ...policy };
const hub = {
  Online_bool: true,
  MaxSession_u32: 10,
  NoEnum_bool: false,
  SessionTimeoutMs_u32: 5_000,
  AdminPasswordPlainText_str: 'hub-password',
};
const named = { HubName_str: 'Hub', Name_str: 'Alice' };

/** Good parameters of every method that changes something; the first are its names. */
const changing: Readonly<Record<string, object>> = {
  SetServerPassword: { PlainTextPassword_str: 'next' },
  DrainMember: { MemberId_str: 'i-1' },
  DrainMachine: { MemberId_str: 'i-1' },
  CreateHub: { HubName_str: 'New', HubType_u32: 2, ...hub },
  SetHub: { HubName_str: 'Hub', HubType_u32: 2, ...hub },
  SetHubOnline: { HubName_str: 'Hub', Online_bool: false },
  DeleteHub: { HubName_str: 'Hub' },
  CreateUser: { HubName_str: 'Hub', Name_str: 'Bob', ...user },
  SetUser: { ...named, ...user },
  DeleteUser: named,
  SetHubExtOptions: {
    HubName_str: 'Hub',
    AdminOptionList: [{ Name_str: 'FilterIPv4', Value_u32: 1 }],
  },
  SetHubAdminOptions: {
    HubName_str: 'Hub',
    AdminOptionList: [{ Name_str: 'max_users', Value_u32: 1 }],
  },
  SetHubLog: {
    HubName_str: 'Hub',
    SaveSecurityLog_bool: true,
    SavePacketLog_bool: true,
    PacketLogConfig_u32: [1],
  },
  SetHubMsg: { HubName_str: 'Hub', Msg_bin: 'SGVsbG8=' },
  AddAccess: { HubName_str: 'Hub', AccessListSingle: [{ Priority_u32: 1 }] },
  DeleteAccess: { HubName_str: 'Hub', Id_u32: 9 },
  SetAccessList: { HubName_str: 'Hub', AccessList: [{ Priority_u32: 1 }] },
  SetAcList: { HubName_str: 'Hub', ACList: [{ IpAddress_ip: '10.0.0.1' }] },
  CreateGroup: { HubName_str: 'Hub', Name_str: 'New', ...group },
  SetGroup: { HubName_str: 'Hub', Name_str: 'Staff', ...group },
  DeleteGroup: { HubName_str: 'Hub', Name_str: 'Staff' },
  DeleteSession: { HubName_str: 'Hub', Name_str: 'SID-ALICE-1' },
  DeleteMacTable: { HubName_str: 'Hub', Key_u32: 1 },
  DeleteIpTable: { HubName_str: 'Hub', Key_u32: 1 },
};
const reading: Readonly<Record<string, object>> = {
  GetFarmInfo: { Id_u32: 1 },
  GetHub: { HubName_str: 'Hub' },
  GetHubStatus: { HubName_str: 'Hub' },
  GetUser: named,
  EnumUser: { HubName_str: 'Hub' },
  EnumSession: { HubName_str: 'Hub' },
  GetHubExtOptions: { HubName_str: 'Hub' },
  GetHubAdminOptions: { HubName_str: 'Hub' },
  GetHubLog: { HubName_str: 'Hub' },
  GetHubMsg: { HubName_str: 'Hub' },
  EnumAccess: { HubName_str: 'Hub' },
  GetAcList: { HubName_str: 'Hub' },
  GetGroup: { HubName_str: 'Hub', Name_str: 'Staff' },
  EnumGroup: { HubName_str: 'Hub' },
  EnumMacTable: { HubName_str: 'Hub' },
  EnumIpTable: { HubName_str: 'Hub' },
  GetSessionStatus: { HubName_str: 'Hub', Name_str: 'SID-ALICE-1' },
  ExplainLogin: named,
};
/** Numbers of refusals: of parameters, or of what is named by them. */
const refusals = new Set([8, 29, 33, 38, 45, 65, 94]);

async function stage(): Promise<{ readonly rig: AdminRig; readonly table: WatchedTable }> {
  const table = new WatchedTable();
  const rig = new AdminRig(table);
  await rig.createHub('Hub', 2, 'hub-password');
  await rig.createHub('Other', 1, 'other-password');
  await rig.call('CreateUser', { ...named, AuthType_u32: 1, Auth_Password_str: 'secret' });
  await rig.call('CreateGroup', { HubName_str: 'Hub', Name_str: 'Staff' });
  await rig.openSession('Hub', 'SID-ALICE-1', await rig.join('i-1'));
  await rig.call('GetServerStatus');
  table.takeChanges();
  return { rig, table };
}

test('every method that changes something is tried here', () => {
  const names = Object.entries(methods).flatMap(([name, { changes }]) => (changes ? [name] : []));
  assert.deepEqual(names.sort(), Object.keys(changing).sort());
});

for (const [method, good] of Object.entries({ ...changing, ...reading })) {
  test(`${method}: a parameter of a wrong type or out of range changes nothing`, async () => {
    const { rig, table } = await stage();
    for (const [field, value] of Object.entries(good)) {
      for (const [what, wrong] of wrongFor(value)) {
        const { error } = await rig.call(method, { ...good, [field]: wrong });
        assert(refusals.has(error), `${field}: ${what}: ${JSON.stringify(error)}`);
        assert.deepEqual(table.takeChanges(), [], `${field}: ${what}`);
      }
    }
    for (const empty of [{}, { HubName_str: '' }, { HubName_str: ' \t ' }]) {
      const { error } = await rig.call(method, empty);
      assert(refusals.has(error), JSON.stringify(empty));
      assert.deepEqual(table.takeChanges(), []);
    }
  });

  test(`${method}: not for whom it is not, and nothing changes`, async () => {
    const { rig, table } = await stage();
    const { auth } = methods[method] ?? {};
    const other = { hub: 'Other', password: 'other-password' };
    if (auth !== 'any') assert.deepEqual(await rig.call(method, good, other), { error: 52 });
    for (const password of ['', 'wrong', 'x'.repeat(10_000)]) {
      assert.deepEqual(await rig.call(method, good, { password }), { status: 401 });
    }
    assert.deepEqual(await rig.call(method, good, { hub: 'Hub', password: 'other-password' }), {
      status: 401,
    });
    const changed = table.takeChanges().filter((key) => !key.startsWith('THROTTLE#'));
    assert.deepEqual(changed, []);
  });
}

test('hashes of a wrong length are taken nowhere', async () => {
  const { rig, table } = await stage();
  const wrong = [hash.slice(4), 'AAA*', 'AQ=='];
  for (const bytes of wrong) {
    for (const [method, params] of [
      ['SetServerPassword', { HashedPassword_bin: bytes }],
      ['SetHub', { HubName_str: 'Hub', HashedPassword_bin: bytes }],
      ['SetHub', { HubName_str: 'Hub', SecurePassword_bin: bytes }],
      ['SetUser', { ...named, AuthType_u32: 1, HashedKey_bin: bytes }],
    ] as const) {
      assert.deepEqual(await rig.call(method, params), { error: 38 }, `${method} ${bytes}`);
    }
  }
  assert.deepEqual(table.takeChanges(), []);
});

test('a limit that nothing could reach is not spread over millions of shards', async () => {
  const { rig, table } = await stage();
  for (const method of ['CreateHub', 'SetHub']) {
    const params = { HubName_str: method === 'SetHub' ? 'Hub' : 'New', HubType_u32: 2 };
    const refused = await rig.call(method, { ...params, MaxSession_u32: 100_001 });
    assert.deepEqual([refused, table.takeChanges()], [{ error: 38 }, []]);
    assert.equal((await rig.call(method, { ...params, MaxSession_u32: 100_000 })).error, undefined);
    table.takeChanges();
  }
});

test('an envelope that is none, another method, another path: each has an answer', async () => {
  const { rig, table } = await stage();
  const call = { jsonrpc: '2.0', id: '1', method: 'DeleteHub', params: { HubName_str: 'Hub' } };
  const envelopes: unknown[] = [
    '',
    '{',
    'null',
    '[]',
    JSON.stringify([call]),
    ...Object.keys(call).flatMap((key) =>
      key === 'id'
        ? []
        : [
            { ...call, [key]: undefined },
            { ...call, [key]: 7 },
          ],
    ),
    { ...call, method: 'NoSuchMethod' },
    { ...call, method: 'x'.repeat(100_000) },
    { ...call, method: '__proto__' },
    { ...call, params: [call.params] },
  ];
  for (const envelope of envelopes) {
    const body = typeof envelope === 'string' ? envelope : JSON.stringify(envelope);
    const response = await rig.post(body);
    assert.equal(response.status, 200, body.slice(0, 80));
    const { error } = JSON.parse(await response.text());
    assert([33, 38].includes(error.code), body.slice(0, 80));
    assert(error.message.length < 300);
  }
  assert.equal((await rig.post('x'.repeat(loadBalancerBodyBytesMax + 1))).status, 413);
  for (const [method, path] of [
    ['POST', '/api/hub'],
    ['PUT', '/api'],
    ['DELETE', '/api/'],
    ['GET', '/v1'],
    ['POST', '/'],
  ] as const) {
    assert.equal((await rig.request(path, { method })).status, 404, `${method} ${path}`);
  }
  assert.deepEqual(table.takeChanges(), []);
});

test('credentials that are none: the same 401 for all of them', async () => {
  const { rig, table } = await stage();
  const body = JSON.stringify({ jsonrpc: '2.0', id: '1', method: 'Test', params: {} });
  const headers: Record<string, string>[] = [
    {},
    { authorization: 'Basic' },
    { authorization: 'Basic ====' },
    { authorization: `Basic ${Buffer.from('administrator').toString('base64')}` },
    { authorization: 'Bearer token' },
    { 'x-vpnadmin-hubname': 'Hub' },
    { 'x-vpnadmin-hubname': 'x'.repeat(5_000), 'x-vpnadmin-password': 'hub-password' },
    { 'x-vpnadmin-hubname': 'Hub#USER', 'x-vpnadmin-password': 'hub-password' },
  ];
  for (const one of headers) {
    const response = await rig.request('/api/', { method: 'POST', headers: one, body });
    assert.equal(response.status, 401, JSON.stringify(one).slice(0, 80));
  }
  const changed = table.takeChanges().filter((key) => !key.startsWith('THROTTLE#'));
  assert.deepEqual(changed, []);
});
