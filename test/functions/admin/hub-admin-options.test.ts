import assert from 'node:assert/strict';
import { test } from 'node:test';
import { methods } from '#functions/admin/methods.ts';
import { hubAdminOptionNames } from '#functions/domain/hub-admin-options.ts';
import { ticketDigest } from '#functions/domain/ticket.ts';
import { hubName } from '#shared/kernel/ids.ts';
import { defaultPolicy } from '#shared/wire/policy.ts';
import { ControlPlane } from '#test/functions/control-plane.ts';
import { MemoryTable } from '#test/support/memory-table.ts';
import { AdminRig, type As } from './rig.ts';

const hub = { HubName_str: 'Hub' };
const own: As = { hub: 'hub', password: 'own-password' };

type Options = Readonly<Record<string, number>>;

async function rigWith(options: Options = {}): Promise<AdminRig> {
  const rig = new AdminRig();
  await rig.createHub('Hub', 2, 'own-password');
  await set(rig, options);
  return rig;
}

// biome-ignore lint/suspicious/noExplicitAny: results are looked at field by field
async function set(rig: AdminRig, options: Options, as?: As): Promise<any> {
  const entries = Object.entries(options);
  const AdminOptionList = entries.map(([Name_str, Value_u32]) => ({ Name_str, Value_u32 }));
  return rig.call('SetHubAdminOptions', { ...hub, AdminOptionList }, as);
}

async function values(rig: AdminRig, method = 'GetHubAdminOptions'): Promise<Options> {
  const result = await rig.call(method, hub);
  const list: { Name_str: string; Value_u32: number; Descrption_utf: string }[] =
    result.AdminOptionList;
  assert.equal(result.NumItem_u32, list.length);
  assert(list.every((one) => one.Descrption_utf !== ''));
  return Object.fromEntries(list.map(({ Name_str, Value_u32 }) => [Name_str, Value_u32]));
}

test('all options of a genuine server are listed, set by name, and kept', async () => {
  const rig = await rigWith();
  const none = Object.fromEntries(hubAdminOptionNames.map((name) => [name, 0]));
  assert.equal(Object.keys(none).length, 41, 'as many as 5.01 lists');
  assert.deepEqual(await values(rig), none);
  const all = Object.fromEntries(hubAdminOptionNames.map((name, index) => [name, index + 1]));
  await set(rig, all);
  assert.deepEqual(await values(rig), all);
  assert.deepEqual(await values(rig, 'GetDefaultHubAdminOptions'), none);
  await set(rig, { MAX_USERS: 0 });
  assert.deepEqual(await values(rig), { ...all, max_users: 0 }, 'what is not given stays');
});

test('an unknown option, and a limit beyond what a hub can have, change nothing', async () => {
  const rig = await rigWith();
  for (const wrong of [{ no_such: 1 }, { max_sessions: 100_001 }, { max_users: -1 }]) {
    assert.deepEqual(await set(rig, { no_online: 1, ...wrong }), { error: 38 });
  }
  assert.equal((await values(rig))['no_online'], 0);
});

test("a hub's administrator changes them only where the option that says so is set", async () => {
  const rig = await rigWith();
  assert.deepEqual(await set(rig, { max_users: 7 }, own), { error: 52 });
  await set(rig, { allow_hub_admin_change_option: 1 });
  assert.equal((await set(rig, { max_users: 7 }, own)).error, undefined);
  assert.equal((await values(rig))['max_users'], 7);
});

/** Each answered 52 by a genuine 5.01 to a hub's administrator, and to nobody else. */
const barred: Readonly<Record<string, readonly string[]>> = {
  no_change_users: ['CreateUser', 'SetUser', 'DeleteUser'],
  no_change_groups: ['CreateGroup', 'SetGroup', 'DeleteGroup'],
  no_change_access_list: ['AddAccess', 'DeleteAccess', 'SetAccessList'],
  no_change_access_control_list: ['SetAcList'],
  no_change_msg: ['SetHubMsg'],
  no_change_log_config: ['SetHubLog'],
  no_disconnect_session: ['DeleteSession'],
  no_delete_mactable: ['DeleteMacTable'],
  no_delete_iptable: ['DeleteIpTable'],
  no_enum_session: ['EnumSession'],
  no_query_session: ['GetSessionStatus', 'ExplainLogin'],
  deny_hub_admin_change_ext_option: ['SetHubExtOptions'],
};

for (const [option, names] of Object.entries(barred)) {
  test(`${option}: what is refused to a hub's administrator, and nothing else`, async () => {
    const rig = await rigWith({ [option]: 1 });
    for (const [name, { auth }] of Object.entries(methods)) {
      if (auth !== 'hub' || name === 'SetHubAdminOptions') continue;
      const params = { ...hub, Name_str: 'nobody', AuthType_u32: 0, Online_bool: true };
      const { error } = await rig.call(name, params, own);
      assert.equal(error === 52, names.includes(name), `${name}: ${error}`);
      assert.notEqual((await rig.call(name, params)).error, 52, `${name} by the server's`);
    }
  });
}

test('no_online and no_offline bar the change, not its repetition', async () => {
  const rig = await rigWith({ no_offline: 1, no_online: 1 });
  for (const method of ['SetHubOnline', 'SetHub']) {
    for (const online of [true, false]) {
      await rig.call('SetHubOnline', { ...hub, Online_bool: online });
      const same = { ...hub, Online_bool: online };
      assert.equal((await rig.call(method, same, own)).error, undefined);
      const other = { ...hub, Online_bool: !online };
      assert.deepEqual(await rig.call(method, other, own), { error: 52 });
      assert.equal((await rig.call('GetHub', hub)).Online_bool, online);
    }
  }
  await rig.call('SetHubOnline', { ...hub, Online_bool: true });
  await set(rig, { no_offline: 0 });
  assert.equal((await rig.call('SetHub', { ...hub, Online_bool: false }, own)).error, undefined);
  const again = await rig.call('SetHub', { ...hub, Online_bool: true }, own);
  assert.deepEqual(again, { error: 52 }, 'each by its own option');
});

test('no_change_admin_password: only the server administrator changes it', async () => {
  const rig = await rigWith({ no_change_admin_password: 1 });
  const params = { ...hub, AdminPasswordPlainText_str: 'another' };
  assert.deepEqual(await rig.call('SetHub', params, own), { error: 52 });
  assert.equal((await rig.call('SetHub', { ...hub, NoEnum_bool: true }, own)).NoEnum_bool, true);
  assert.equal((await rig.call('SetHub', params)).error, undefined);
  assert.deepEqual(await rig.call('GetHub', hub, own), { status: 401 });
});

test('limits of users, groups and access lists hold for everybody', async () => {
  const rig = await rigWith({ max_users: 1, max_groups: 1, max_accesslists: 1 });
  const one = { AccessListSingle: [{ Active_bool: true, Priority_u32: 1 }] };
  const calls = (n: number): [string, object, number][] => [
    ['CreateUser', { Name_str: `u${n}`, AuthType_u32: 0 }, 63],
    ['CreateGroup', { Name_str: `g${n}` }, 64],
    ['AddAccess', one, 62],
  ];
  for (const [method, params] of calls(1)) {
    assert.equal((await rig.call(method, { ...hub, ...params }, own)).error, undefined, method);
  }
  for (const as of [own, {}]) {
    for (const [method, params, error] of calls(2)) {
      assert.deepEqual(await rig.call(method, { ...hub, ...params }, as), { error }, method);
    }
  }
  const two = { ...hub, AccessList: [1, 2].map((Priority_u32) => ({ Priority_u32 })) };
  assert.deepEqual(await rig.call('SetAccessList', two), { error: 62 });
  await set(rig, { max_accesslists: 0 });
  assert.equal((await rig.call('SetAccessList', two)).error, undefined);
  await set(rig, { max_accesslists: 1 });
  await rig.call('AddAccess', { ...hub, ...one });
  const listed = (await rig.call('EnumAccess', hub)).AccessList;
  assert.equal(listed.length, 2);
  const Id_u32 = listed[0].Id_u32;
  const deleted = await rig.call('DeleteAccess', { ...hub, Id_u32 });
  assert.equal(deleted.error, undefined, 'what is too much may become less');
});

test('no_delay_jitter_packet_loss: what is added neither delays nor loses', async () => {
  const rig = await rigWith({ no_delay_jitter_packet_loss: 1 });
  const entry = { Priority_u32: 1, Delay_u32: 9, Jitter_u32: 8, Loss_u32: 7, Discard_bool: true };
  const added = await rig.call('AddAccess', { ...hub, AccessListSingle: [entry] });
  const given = await rig.call('SetAccessList', { ...hub, AccessList: [entry] });
  const [stored] = (await rig.call('EnumAccess', hub)).AccessList;
  for (const one of [added.AccessListSingle[0], given.AccessList[0], stored]) {
    assert.deepEqual(
      [one.Delay_u32, one.Jitter_u32, one.Loss_u32, one.Discard_bool],
      [0, 0, 0, true],
    );
  }
});

interface Guests {
  readonly plane: ControlPlane;
  readonly grantOf: (user: string, changes?: object) => Promise<unknown>;
}

/** A static hub with these options, and Alice with a policy of her own. */
async function guests(adminOptions: Options, policy = {}): Promise<Guests> {
  const plane = new ControlPlane(new MemoryTable());
  await plane.createHub('Hub', 'static', { adminOptions });
  await plane.createUser('Hub', 'alice', undefined, { policy: { ...defaultPolicy, ...policy } });
  await plane.createUser('Hub', 'bob', undefined);
  await plane.startMember('i-1');
  let installation = 0;
  return {
    plane,
    grantOf: async (user, changes = {}) => {
      installation += 1;
      const uniqueId = Buffer.alloc(16, installation);
      const result = await plane.logIn({ hub: 'Hub', user, changes: { uniqueId, ...changes } });
      return result.kind === 'error' ? result.code : result.redirect;
    },
  };
}

test('bit rates, bridging, routing and QoS of policies are tightened, never loosened', async () => {
  const tight = {
    max_bitrates_upload: 1_000,
    max_bitrates_download: 2_000,
    deny_qos: 1,
    deny_bridge: 1,
    deny_routing: 1,
  };
  const plane = new ControlPlane(new MemoryTable());
  await plane.createHub('Hub', 'static', { adminOptions: tight });
  const loose = { ...defaultPolicy, maxUploadBps: 5_000, maxDownloadBps: 500 };
  await plane.createUser('Hub', 'alice', undefined, { policy: loose });
  const member = await plane.startMember('i-1');
  const { ticket } = await plane.redirectOf({ hub: 'Hub', user: 'alice' });
  const reply = await member.redeem(ticketDigest(ticket));
  assert(reply.kind === 'ok');
  assert.deepEqual(reply.value.policy, {
    ...loose,
    maxUploadBps: 1_000,
    maxDownloadBps: 500,
    noQos: true,
    noBridge: true,
    noRouting: true,
  });
  const bridge = { hub: 'Hub', user: 'alice', changes: { requireBridgeRoutingMode: true } };
  assert.deepEqual(await plane.rejectionOf(bridge), { code: 108, reason: 'policy-denies-bridge' });
});

test('max_sessions and max_multilogins_per_user limit whom nothing else limits', async () => {
  const { grantOf } = await guests({ max_sessions: 3, max_multilogins_per_user: 2 });
  assert.equal(typeof (await grantOf('alice')), 'object');
  assert.equal(typeof (await grantOf('alice')), 'object');
  assert.equal(await grantOf('alice'), 49, 'tickets that may still turn into sessions');
  assert.equal(typeof (await grantOf('bob')), 'object');
  assert.equal(await grantOf('bob'), 49);
});

test("the tighter of a hub's own limits and its options holds", async () => {
  const { plane, grantOf } = await guests({ max_multilogins_per_user: 2 }, { multiLogins: 1 });
  assert.equal(typeof (await grantOf('alice')), 'object');
  assert.notEqual(typeof (await grantOf('alice')), 'object');
  const hub = await plane.stores.hubs.get(hubName('Hub'));
  assert(hub);
  const limited = { ...hub, version: 2, maxSession: 1, adminOptions: { max_sessions: 9 } };
  await plane.stores.hubs.replace(limited, 1);
  assert.equal(typeof (await grantOf('bob')), 'object');
  assert.notEqual(typeof (await grantOf('bob')), 'object');
});

test('clients and bridges have limits of their own, if these apply', async () => {
  const bridge = { requireBridgeRoutingMode: true };
  const limits = { max_sessions_client: 1, max_sessions_bridge: 1 };
  for (const apply of [1, 0]) {
    const { grantOf } = await guests({ ...limits, max_sessions_client_bridge_apply: apply });
    for (const changes of [{}, bridge]) {
      assert.equal(typeof (await grantOf('bob', changes)), 'object');
      assert.equal(typeof (await grantOf('bob', changes)), apply === 1 ? 'number' : 'object');
    }
  }
});

test('deny_empty_password: whose password is empty stays outside', async () => {
  for (const deny of [0, 1]) {
    const { plane } = await guests({ deny_empty_password: deny });
    await plane.createUser('Hub', 'carol', '');
    await plane.createUser('Hub', 'dave', 'secret');
    const carol = await plane.logIn({ hub: 'Hub', user: 'carol', password: '' });
    assert.deepEqual(carol.kind === 'error' ? carol.code : 0, deny === 1 ? 51 : 0);
    await plane.redirectOf({ hub: 'Hub', user: 'dave', password: 'secret' });
  }
});
