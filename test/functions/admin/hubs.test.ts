import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sealContext } from '#functions/domain/sealing.ts';
import { AdminRig } from './rig.ts';

test('a hub from its creation to its end', async () => {
  const rig = new AdminRig();
  const created = await rig.call('CreateHub', {
    HubName_str: ' Sales ',
    HubType_u32: 2,
    MaxSession_u32: 5,
    NoEnum_bool: true,
    AdminPasswordPlainText_str: 'hubpw',
  });
  const expected = {
    AdminPasswordPlainText_str: '',
    HashedPassword_bin: 'AAAAAAAAAAAAAAAAAAAAAAAAAAA=',
    HubName_str: 'Sales',
    HubType_u32: 2,
    MaxSession_u32: 5,
    NoEnum_bool: true,
    Online_bool: true,
    SecurePassword_bin: 'AAAAAAAAAAAAAAAAAAAAAAAAAAA=',
    SessionTimeoutMs_u32: 5_000,
  };
  assert.deepEqual(created, expected);
  assert.deepEqual(await rig.call('GetHub', { HubName_str: 'SALES' }), expected);

  const changed = { ...expected, MaxSession_u32: 9, NoEnum_bool: false, Online_bool: false };
  assert.deepEqual(
    await rig.call('SetHub', {
      HubName_str: 'sales',
      HubType_u32: 2,
      MaxSession_u32: 9,
      NoEnum_bool: false,
      Online_bool: false,
    }),
    changed,
  );
  assert.deepEqual(await rig.call('GetHub', { HubName_str: 'Sales' }), changed);

  const { HubList } = await rig.call('EnumHub');
  assert.equal(HubList.length, 1);
  assert.equal(HubList[0].HubName_str, 'Sales');
  assert.equal(HubList[0].CreatedTime_dt, '2026-11-22T23:42:08.261Z');

  assert.deepEqual(await rig.call('DeleteHub', { HubName_str: 'SALES' }), {
    HubName_str: 'Sales',
  });
  assert.deepEqual(await rig.call('DeleteHub', { HubName_str: 'Sales' }), { error: 8 });
  assert.deepEqual(await rig.call('GetHub', { HubName_str: 'Sales' }), { error: 8 });
  assert.deepEqual(await rig.call('EnumHub'), { HubList: [] });
});

test('its passwords are stored sealed, as the two hashes of protocol/03', async () => {
  const rig = new AdminRig();
  await rig.createHub('Sales', 1, 'hubpw');
  const hub = await rig.stores.hubs.get(rig.hub('sales'));
  assert.ok(hub?.sealedPassword && hub.sealedSecurePassword);
  assert.equal(
    rig.sealer.open(hub.sealedPassword, sealContext.hubPassword('sales'))?.toString('hex'),
    '028781567cd1636dfb16bb3587b368d01fbb0e6a',
  );
  assert.equal(
    rig.sealer
      .open(hub.sealedSecurePassword, sealContext.hubSecurePassword('sales'))
      ?.toString('hex'),
    '05132281fae39f4963c89edddb7c01436a726b3f',
  );
});

test('a password changed without naming the rest leaves the rest', async () => {
  const rig = new AdminRig();
  await rig.createHub('Sales', 1, 'old-password');
  await rig.call('SetHub', { HubName_str: 'Sales', MaxSession_u32: 3, Online_bool: false });
  await rig.call('SetHub', { HubName_str: 'Sales', AdminPasswordPlainText_str: 'new-password' });
  const as = { hub: 'Sales', password: 'new-password' };
  const hub = await rig.call('GetHub', { HubName_str: 'Sales' }, as);
  assert.equal(hub.MaxSession_u32, 3);
  assert.equal(hub.Online_bool, false);
  const before = { hub: 'Sales', password: 'old-password' };
  assert.deepEqual(await rig.call('GetHub', { HubName_str: 'Sales' }, before), { status: 401 });
});

test('what GetHub answers can be sent back and changes nothing', async () => {
  const rig = new AdminRig();
  await rig.createHub('Sales', 1, 'hub-password');
  const hub = await rig.call('GetHub', { HubName_str: 'Sales' });
  assert.deepEqual(await rig.call('SetHub', hub), hub);
  const as = { hub: 'Sales', password: 'hub-password' };
  assert.deepEqual(await rig.call('GetHub', hub, as), hub);
});

test('a name that exists in another case is error 57', async () => {
  const rig = new AdminRig();
  await rig.createHub('Sales');
  const params = { HubName_str: 'sALES', HubType_u32: 1 };
  assert.deepEqual(await rig.call('CreateHub', params), { error: 57 });
});

test('two creations at once: one hub, the other is told it exists', async () => {
  const rig = new AdminRig();
  const results = await Promise.all(
    [1, 2].map((type) => {
      return rig.call('CreateHub', {
        HubName_str: 'Sales',
        HubType_u32: type,
        AdminPasswordPlainText_str: `password${type}`,
      });
    }),
  );
  assert.deepEqual(results.map((result) => result.error).sort(), [57, undefined]);
});

test('names a genuine server refuses are error 38', async () => {
  const rig = new AdminRig();
  const names = ['', ' ', 'a/b', 'a@b', 'a\u0000b', 'a\nb', 'ünï', '日本', '*', 'x'.repeat(256)];
  for (const HubName_str of [...names, undefined, 7, {}, ['a']]) {
    const result = await rig.call('CreateHub', { HubName_str, HubType_u32: 2 });
    assert.deepEqual(result, { error: 38 }, String(HubName_str));
  }
  for (const HubName_str of ['x'.repeat(255), 'A (1)-_#%&.']) {
    const result = await rig.call('CreateHub', { HubName_str, HubType_u32: 2 });
    assert.equal(result.HubName_str, HubName_str);
  }
});

test('types: static 1 and dynamic 2, never 0, and none changes', async () => {
  const rig = new AdminRig();
  for (const HubType_u32 of [0, 3, -1, 1.5, 'x', undefined]) {
    const result = await rig.call('CreateHub', { HubName_str: 'Sales', HubType_u32 });
    assert.deepEqual(result, { error: 38 });
  }
  await rig.createHub('Static', 1);
  await rig.createHub('Dynamic', 2);
  const change = (HubName_str: string, HubType_u32: number) =>
    rig.call('SetHub', { HubName_str, HubType_u32 });
  assert.deepEqual(await change('Static', 2), { error: 33 });
  assert.deepEqual(await change('Dynamic', 1), { error: 33 });
  assert.deepEqual(await change('Dynamic', 0), { error: 38 });
});

test('taking a static hub offline tells every member, a dynamic one only its own', async () => {
  const rig = new AdminRig();
  const members = [await rig.join('i-1'), await rig.join('i-2'), await rig.join('i-3')] as const;
  await rig.createHub('Static', 1);
  await rig.createHub('Dynamic', 2);
  const member = { memberId: members[1], epoch: 1 };
  await rig.stores.placements.claim(rig.hub('Dynamic'), undefined, member, rig.nowMs);

  await rig.call('SetHubOnline', { HubName_str: 'Static', Online_bool: false });
  await rig.call('SetHub', { HubName_str: 'Dynamic', HubType_u32: 2, Online_bool: false });
  const configure = (name: string, kind: string) => ({
    kind: 'configure',
    hub: { name, kind, version: 2, online: false },
  });
  const forAll = configure('Static', 'static');
  assert.deepEqual(await rig.orders(members[0]), [forAll]);
  assert.deepEqual(await rig.orders(members[1]), [forAll, configure('Dynamic', 'dynamic')]);
  assert.deepEqual(await rig.orders(members[2]), [forAll]);
  assert.equal((await rig.call('GetHub', { HubName_str: 'Static' })).Online_bool, false);
});

test('a change without Online tells members nothing', async () => {
  const rig = new AdminRig();
  const id = await rig.join('i-1');
  await rig.createHub('Static', 1);
  await rig.call('SetHub', { HubName_str: 'Static', MaxSession_u32: 7 });
  assert.deepEqual(await rig.orders(id), []);
});

test('a deleted hub leaves no user and no session, and its members are told', async () => {
  const rig = new AdminRig();
  const [host, other] = [await rig.join('i-1'), await rig.join('i-2')];
  await rig.createHub('Dynamic', 2);
  const member = { memberId: host, epoch: 1 };
  await rig.stores.placements.claim(rig.hub('Dynamic'), undefined, member, rig.nowMs);
  const user = { HubName_str: 'Dynamic', Name_str: 'alice', AuthType_u32: 0 };
  await rig.call('CreateUser', user);
  await rig.openSession('Dynamic', 'SID-ALICE-1', host);
  rig.nowMs += 1_000;

  await rig.call('DeleteHub', { HubName_str: 'Dynamic' });
  assert.deepEqual(await rig.orders(host), [{ kind: 'remove', hub: 'Dynamic' }]);
  assert.deepEqual(await rig.orders(other), []);
  await rig.createHub('Dynamic', 2);
  assert.deepEqual(await rig.call('GetUser', user), { error: 29 });
  assert.deepEqual((await rig.call('EnumSession', user)).SessionList, []);
});

test('a deletion that died half way is completed by the next creation', async () => {
  const rig = new AdminRig();
  const host = await rig.join('i-1');
  await rig.createHub('Sales', 1);
  const user = { HubName_str: 'Sales', Name_str: 'mallory', AuthType_u32: 0 };
  await rig.call('CreateUser', user);
  await rig.openSession('Sales', 'SID-MALLORY-1', host);
  await rig.stores.hubs.remove(rig.hub('Sales'));
  rig.nowMs += 1_000;

  await rig.createHub('Sales', 1);
  assert.deepEqual(await rig.call('GetUser', user), { error: 29 });
  assert.deepEqual((await rig.call('EnumSession', user)).SessionList, []);
  assert.deepEqual(await rig.orders(host), [{ kind: 'remove', hub: 'Sales' }]);
});

test('a deletion that died half way is completed by the next deletion', async () => {
  const rig = new AdminRig();
  const host = await rig.join('i-1');
  await rig.createHub('Sales', 1);
  await rig.call('CreateUser', { HubName_str: 'Sales', Name_str: 'bob', AuthType_u32: 0 });
  await rig.openSession('Sales', 'SID-BOB-1', host);
  await rig.stores.hubs.remove(rig.hub('Sales'));
  rig.nowMs += 1_000;

  assert.deepEqual(await rig.call('DeleteHub', { HubName_str: 'Sales' }), { error: 8 });
  assert.equal(await rig.stores.users.get(rig.hub('Sales'), 'bob'), undefined);
  assert.equal(await rig.stores.sessions.get(rig.hub('Sales'), 'SID-BOB-1'), undefined);
  assert.deepEqual(await rig.orders(host), [{ kind: 'remove', hub: 'Sales' }]);
});

test('a repeated deletion spares the users of a hub created at the same time', async () => {
  const rig = new AdminRig();
  await rig.createHub('Sales', 1);
  const user = { HubName_str: 'Sales', Name_str: 'bob', AuthType_u32: 0 };
  await rig.call('CreateUser', user);
  // The other creation's hub is not seen yet: its item comes back after the deletion looked.
  const hub = await rig.stores.hubs.get(rig.hub('Sales'));
  assert.ok(hub);
  await rig.stores.hubs.remove(hub.name);
  assert.deepEqual(await rig.call('DeleteHub', { HubName_str: 'Sales' }), { error: 8 });
  await rig.stores.hubs.create(hub);
  assert.equal((await rig.call('GetUser', user)).Name_str, 'bob');
});

test('a hub created anew while a member runs the old one finds the old placement', async () => {
  const rig = new AdminRig();
  const host = await rig.join('i-1');
  await rig.createHub('Dynamic', 2);
  const name = rig.hub('Dynamic');
  const member = { memberId: host, epoch: 1 };
  await rig.stores.placements.claim(name, undefined, member, rig.nowMs);
  await rig.call('DeleteHub', { HubName_str: 'Dynamic' });
  await rig.createHub('Dynamic', 2);
  const placement = await rig.stores.placements.get(name);
  assert.deepEqual([placement?.memberId, placement?.phase], [host, 'live']);
});

test('more orders than a member may have waiting: told to come back, and it can', async () => {
  const rig = new AdminRig();
  const id = await rig.join('i-1');
  await rig.createHub('Static', 1);
  const off = { HubName_str: 'Static', Online_bool: false };
  for (let i = 0; i < 50; i += 1) await rig.call('SetHubOnline', off);
  assert.deepEqual(await rig.call('SetHubOnline', off), { error: 110 });
  assert.equal(
    rig.logged.some(({ event }) => event === 'order.refused'),
    true,
  );
  const orders = (await rig.stores.members.get(id))?.orders ?? [];
  const observed = {
    epoch: 1,
    seq: 2,
    state: 'active' as const,
    sessions: 0,
    connections: 0,
    hubs: 0,
    opened: [],
    closed: [],
    released: [],
    done: orders.map((order) => order.id),
  };
  await rig.stores.members.renew(id, observed, rig.nowMs + 8_000, rig.nowMs);
  assert.deepEqual(await rig.call('SetHubOnline', off), off);
  assert.equal(new Set(orders.map((order) => order.id)).size, 50);
});

test('a hub deleted after its release and created anew: the placement epoch goes on', async () => {
  const rig = new AdminRig();
  const host = await rig.join('i-1');
  await rig.createHub('Dynamic', 2);
  const name = rig.hub('Dynamic');
  await rig.stores.placements.claim(name, undefined, { memberId: host, epoch: 1 }, rig.nowMs);
  await rig.stores.placements.release(name, host, 1);
  rig.nowMs += 1_000;
  await rig.call('DeleteHub', { HubName_str: 'Dynamic' });
  await rig.createHub('Dynamic', 2);
  assert.equal((await rig.stores.placements.get(name))?.epoch, 2);
});

test('every change is logged with who, whence and what, and no secret', async () => {
  const rig = new AdminRig();
  await rig.createHub('Sales', 1, 'hub-password');
  const as = { hub: 'Sales', password: 'hub-password' };
  const user = { HubName_str: 'Sales', Name_str: 'bob', AuthType_u32: 1 };
  await rig.call('CreateUser', { ...user, Auth_Password_str: 'user-password' }, as);
  await rig.call('SetUser', { ...user, Auth_Password_str: 'user-password2' }, as);
  await rig.call('DeleteUser', user, as);
  await rig.call('DeleteUser', user, as);
  await rig.call('SetHubOnline', { HubName_str: 'Sales', Online_bool: false });
  await rig.call('DeleteHub', { HubName_str: 'Sales' });
  await rig.call('SetServerPassword', { PlainTextPassword_str: 'server-password' });
  const at = { sourceAddress: '203.0.113.9' };
  const byHub = { admin: 'hub Sales', ...at, hub: 'Sales', object: 'bob' };
  const byServer = { admin: 'server', ...at, hub: 'Sales' };
  assert.deepEqual(
    rig.logged.map(({ event, fields }) => [event, fields]),
    [
      ['admin.CreateHub', byServer],
      ['admin.CreateUser', byHub],
      ['admin.SetUser', byHub],
      ['admin.DeleteUser', byHub],
      ['admin.refused', { method: 'DeleteUser', code: 29, reason: 'no such user', ...byHub }],
      ['admin.SetHubOnline', byServer],
      ['admin.DeleteHub', byServer],
      ['admin.SetServerPassword', { admin: 'server', ...at }],
    ],
  );
  assert.doesNotMatch(JSON.stringify(rig.logged), /password(?!")/i);
});

test('the session timeout is 2 to 60 s, and stays when it is not given', async () => {
  const rig = new AdminRig();
  const named = { HubName_str: 'Sales' };
  const created = { ...named, HubType_u32: 1, SessionTimeoutMs_u32: 2_000 };
  assert.equal((await rig.call('CreateHub', created)).SessionTimeoutMs_u32, 2_000);
  for (const timeoutMs of [0, 1_999, 60_001, -1, 'x']) {
    const change = { ...named, SessionTimeoutMs_u32: timeoutMs };
    assert.deepEqual(await rig.call('SetHub', change), { error: 38 }, `${timeoutMs}`);
    const other = { HubName_str: 'Other', HubType_u32: 1, SessionTimeoutMs_u32: timeoutMs };
    assert.deepEqual(await rig.call('CreateHub', other), { error: 38 }, `${timeoutMs}`);
  }
  await rig.call('SetHub', { ...named, SessionTimeoutMs_u32: 60_000 });
  await rig.call('SetHub', { ...named, NoEnum_bool: true });
  assert.equal((await rig.call('GetHub', named)).SessionTimeoutMs_u32, 60_000);
  assert.equal((await rig.stores.hubs.get(rig.hub('Sales')))?.sessionTimeoutMs, 60_000);
});

test('seats keep as many shards as they ever needed, until their hub is deleted', async () => {
  const rig = new AdminRig();
  const named = { HubName_str: 'Sales' };
  const shards = async () => (await rig.stores.hubs.get(rig.hub('Sales')))?.seatShards;
  await rig.call('CreateHub', { ...named, HubType_u32: 1 });
  assert.equal(await shards(), 1);
  await rig.call('SetHub', { ...named, MaxSession_u32: 101 });
  assert.equal(await shards(), 2);
  await rig.call('SetHub', { ...named, MaxSession_u32: 7 });
  assert.equal(await shards(), 2);

  const place = { hub: rig.hub('Sales'), scope: 'hub', user: '', shard: 1 } as const;
  const seat = { session: 'SID-1', client: '', heldUntilMs: rig.nowMs + 70_000 };
  await rig.stores.seats.take(place, seat, 10);
  rig.nowMs += 1;
  await rig.call('DeleteHub', named);
  assert.deepEqual(await rig.stores.seats.getMany(place, [1]), [{ version: 0, seats: [] }]);
});
