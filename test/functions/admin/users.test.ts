import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sealContext } from '#functions/domain/sealing.ts';
import { policyFields } from '#shared/wire/policy.ts';
import { AdminRig } from './rig.ts';

async function rigWithHub(): Promise<AdminRig> {
  const rig = new AdminRig();
  await rig.createHub('Hub');
  return rig;
}

const alice = { HubName_str: 'Hub', Name_str: 'Alice', AuthType_u32: 1 };

/** The hash a user logs in with, or "anonymous". */
async function keyOf(rig: AdminRig, name: string): Promise<string | undefined> {
  const user = await rig.stores.users.get(rig.hub('Hub'), name);
  if (user?.auth.kind !== 'password') return user?.auth.kind;
  const context = sealContext.user('hub', name.toLowerCase());
  return rig.sealer.open(user.auth.sealedKey, context)?.toString('hex');
}

test('a user from its creation to its end', async () => {
  const rig = await rigWithHub();
  const created = await rig.call('CreateUser', {
    ...alice,
    Realname_utf: 'Älice 日本',
    Note_utf: 'a note',
    ExpireTime_dt: '2027-01-02T03:04:05.678Z',
    Auth_Password_str: 'pass1234',
  });
  assert.deepEqual(await rig.call('GetUser', { HubName_str: 'hub', Name_str: 'aLICE' }), created);
  assert.equal(created.Realname_utf, 'Älice 日本');
  assert.equal(created.ExpireTime_dt, '2027-01-02T03:04:05.678Z');
  assert.equal(created.CreatedTime_dt, '2026-11-22T23:42:08.261Z');
  assert.equal('UsePolicy_bool' in created, false);

  rig.nowMs += 5_000;
  const changed = await rig.call('SetUser', { ...alice, Note_utf: '', ExpireTime_dt: 0 });
  assert.equal(changed.Note_utf, '');
  assert.equal(changed.Realname_utf, 'Älice 日本');
  assert.equal(changed.ExpireTime_dt, '1970-01-01T09:00:00.000Z');
  assert.equal(changed.CreatedTime_dt, created.CreatedTime_dt);
  assert.equal(changed.UpdatedTime_dt, '2026-11-22T23:42:13.261Z');

  const { UserList } = await rig.call('EnumUser', { HubName_str: 'Hub' });
  assert.equal(UserList.length, 1);
  assert.equal(UserList[0].Name_str, 'Alice');
  assert.equal(UserList[0].DenyAccess_bool, false);

  assert.deepEqual(await rig.call('DeleteUser', alice), { HubName_str: 'Hub', Name_str: 'Alice' });
  assert.deepEqual(await rig.call('DeleteUser', alice), { error: 29 });
  assert.deepEqual(await rig.call('GetUser', alice), { error: 29 });
  assert.deepEqual(await rig.call('SetUser', alice), { error: 29 });
});

test('an expiry later than any date is refused: it could not be told again', async () => {
  const rig = await rigWithHub();
  for (const ExpireTime_dt of [9_000_000_000_000_000, Number.MAX_SAFE_INTEGER]) {
    const user = { ...alice, Auth_Password_str: 'pass1234', ExpireTime_dt };
    assert.deepEqual(await rig.call('CreateUser', user), { error: 38 });
  }
  assert.deepEqual((await rig.call('EnumUser', alice)).UserList, []);
});

test('a clear password becomes the hash genuine clients answer with, never shown', async () => {
  const rig = await rigWithHub();
  const created = await rig.call('CreateUser', { ...alice, Auth_Password_str: 'pass1234' });
  assert.equal(await keyOf(rig, 'Alice'), '47473039c0e4b119d7634c87cbf15e077315c380');
  assert.equal(created.HashedKey_bin, Buffer.alloc(20).toString('base64'));
  assert.equal(created.NtLmSecureHash_bin, Buffer.alloc(16).toString('base64'));
  const stored = await rig.stores.users.get(rig.hub('Hub'), 'alice');
  const sealed = stored?.auth.kind === 'password' ? Buffer.from(stored.auth.sealedKey) : undefined;
  assert.doesNotMatch(sealed?.toString('hex') ?? '', /47473039/);
});

test('a hash is taken as it is; a clear password comes before it', async () => {
  const rig = await rigWithHub();
  const hash = Buffer.alloc(20, 0xab);
  const HashedKey_bin = hash.toString('base64');
  await rig.call('CreateUser', { ...alice, HashedKey_bin });
  assert.equal(await keyOf(rig, 'Alice'), hash.toString('hex'));
  await rig.call('SetUser', { ...alice, HashedKey_bin, Auth_Password_str: 'pass1234' });
  assert.equal(await keyOf(rig, 'Alice'), '47473039c0e4b119d7634c87cbf15e077315c380');
});

test('what GetUser answers can be sent back: the password stays', async () => {
  const rig = await rigWithHub();
  await rig.call('CreateUser', { ...alice, Auth_Password_str: 'pass1234' });
  const user = await rig.call('GetUser', alice);
  await rig.call('SetUser', user);
  await rig.call('SetUser', { ...user, Auth_Password_str: '', HashedKey_bin: '' });
  await rig.call('SetUser', alice);
  assert.equal(await keyOf(rig, 'Alice'), '47473039c0e4b119d7634c87cbf15e077315c380');
});

test('a type that is not said never makes a user anonymous by accident', async () => {
  const rig = await rigWithHub();
  const noType = { HubName_str: 'Hub', Name_str: 'Alice' };
  const secret = { ...noType, Auth_Password_str: 'pass1234' };
  assert.deepEqual(await rig.call('CreateUser', secret), { error: 38 });
  await rig.call('CreateUser', { ...secret, AuthType_u32: 1 });
  assert.deepEqual(await rig.call('SetUser', noType), { error: 38 });
  assert.deepEqual(await rig.call('SetUser', { ...noType, Note_utf: 'x' }), { error: 38 });
  assert.equal(await keyOf(rig, 'Alice'), '47473039c0e4b119d7634c87cbf15e077315c380');
});

test('a password user without any password is error 38, an empty one is taken', async () => {
  const rig = await rigWithHub();
  assert.deepEqual(await rig.call('CreateUser', alice), { error: 38 });
  const short = { ...alice, HashedKey_bin: Buffer.alloc(19, 1).toString('base64') };
  assert.deepEqual(await rig.call('CreateUser', short), { error: 38 });
  // As a genuine server does: SHA-0 of "" and "BOB" (protocol/03).
  await rig.call('CreateUser', { ...alice, Name_str: 'bob', Auth_Password_str: '' });
  assert.equal(await keyOf(rig, 'bob'), '128a414bed43ede42b94c12161f0e9cfea4c4996');
  await rig.call('CreateUser', { ...alice, Name_str: 'guest', AuthType_u32: 0 });
  assert.deepEqual(await rig.call('SetUser', { ...alice, Name_str: 'guest' }), { error: 38 });
  assert.equal(await keyOf(rig, 'guest'), 'anonymous');
});

test('types that prove themselves elsewhere are error 33 with a reason in the log', async () => {
  const rig = await rigWithHub();
  for (const AuthType_u32 of [2, 3, 4, 5]) {
    assert.deepEqual(await rig.call('CreateUser', { ...alice, AuthType_u32 }), { error: 33 });
    const reason = `users of type ${AuthType_u32} are not supported yet`;
    assert.equal(rig.logged.at(-1)?.fields['reason'], reason);
  }
  assert.deepEqual(await rig.call('CreateUser', { ...alice, AuthType_u32: 6 }), { error: 38 });
});

test('a name that exists in another case is error 66, and two at once make one user', async () => {
  const rig = await rigWithHub();
  const create = (Name_str: string, Auth_Password_str: string) =>
    rig.call('CreateUser', { ...alice, Name_str, Auth_Password_str });
  const results = await Promise.all([create('bob', 'one'), create('BOB', 'two')]);
  assert.deepEqual(results.map((result) => result.error).sort(), [66, undefined]);
  assert.deepEqual(await create('Bob', 'three'), { error: 66 });
});

test('names a genuine server refuses are error 38', async () => {
  const rig = await rigWithHub();
  const names = ['', ' ', 'a/b', 'ünï', 'a\u0000', 'a\tb', 'x'.repeat(256), 'administrator'];
  const reserved = ['Administrator', 'LINK', 'Cascade', 'SecureNAT', 'Local Bridge', 'L3SW_1'];
  for (const Name_str of [...names, ...reserved, undefined, 7, null]) {
    const result = await rig.call('CreateUser', { ...alice, AuthType_u32: 0, Name_str });
    assert.deepEqual(result, { error: 38 }, String(Name_str));
  }
  for (const Name_str of ['x'.repeat(255), 'a.b@example.com', 'A (1)-_#%&', '*']) {
    const result = await rig.call('CreateUser', { ...alice, AuthType_u32: 0, Name_str });
    assert.equal(result.Name_str, Name_str);
  }
});

test('a group is error 65: there are none yet', async () => {
  const rig = await rigWithHub();
  const params = { ...alice, AuthType_u32: 0, GroupName_str: 'staff' };
  assert.deepEqual(await rig.call('CreateUser', params), { error: 65 });
});

test('policies: every field round trips, the rest is the default, and off means none', async () => {
  const rig = await rigWithHub();
  const given = Object.fromEntries(
    policyFields.map(({ wireName, kind }) =>
      kind === 'bool' ? [`policy:${wireName}_bool`, true] : [`policy:${wireName}_u32`, 17],
    ),
  );
  const user = { ...alice, AuthType_u32: 0 };
  await rig.call('CreateUser', { ...user, UsePolicy_bool: true, ...given });
  const shown = await rig.call('GetUser', user);
  for (const [name, value] of Object.entries(given)) assert.equal(shown[name], value, name);
  assert.equal(shown['policy:Ver3_bool'], true);

  await rig.call('SetUser', { ...user, 'policy:Access_bool': false });
  const denied = await rig.call('GetUser', user);
  assert.equal(denied['policy:Access_bool'], false);
  assert.equal(denied['policy:MaxMac_u32'], 17);
  assert.equal((await rig.call('EnumUser', user)).UserList[0].DenyAccess_bool, true);

  await rig.call('SetUser', { ...user, UsePolicy_bool: false });
  assert.equal('policy:Access_bool' in (await rig.call('GetUser', user)), false);

  await rig.call('SetUser', { ...user, UsePolicy_bool: true, 'policy:MaxConnection_u32': 0 });
  const fresh = await rig.call('GetUser', user);
  assert.equal(fresh['policy:Access_bool'], true);
  assert.equal(fresh['policy:MaxConnection_u32'], 32);
  assert.equal(fresh['policy:TimeOut_u32'], 20);
});

test('policy numbers at their bounds and beyond', async () => {
  const rig = await rigWithHub();
  const user = { ...alice, AuthType_u32: 0, UsePolicy_bool: true };
  await rig.call('CreateUser', user);
  const bounds = [
    ['MaxConnection', 1, 32],
    ['TimeOut', 5, 60],
    ['VLanId', 0, 4_095],
  ] as const;
  for (const [name, low, high] of bounds) {
    const field = `policy:${name}_u32`;
    for (const value of [low, high]) {
      assert.equal((await rig.call('SetUser', { ...user, [field]: value }))[field], value);
    }
    assert.deepEqual(await rig.call('SetUser', { ...user, [field]: high + 1 }), { error: 38 });
    if (low > 1) {
      assert.deepEqual(await rig.call('SetUser', { ...user, [field]: low - 1 }), { error: 38 });
    }
  }
});

test('two changes at once: both hold', async () => {
  const rig = await rigWithHub();
  const user = { ...alice, AuthType_u32: 0 };
  await rig.call('CreateUser', user);
  await Promise.all([
    rig.call('SetUser', { ...user, Note_utf: 'note' }),
    rig.call('SetUser', { ...user, Realname_utf: 'name' }),
  ]);
  const shown = await rig.call('GetUser', user);
  assert.deepEqual([shown.Note_utf, shown.Realname_utf], ['note', 'name']);
});

test('a login counted while the user is changed is not lost', async () => {
  const rig = await rigWithHub();
  const user = { ...alice, AuthType_u32: 0 };
  await rig.call('CreateUser', user);
  await rig.stores.users.countLogin(rig.hub('Hub'), 'alice', rig.nowMs);
  await rig.call('SetUser', { ...user, Note_utf: 'note' });
  const shown = (await rig.call('EnumUser', user)).UserList[0];
  assert.equal(shown.NumLogin_u32, 1);
  assert.equal(shown.LastLoginTime_dt, '2026-11-22T23:42:08.261Z');
});
