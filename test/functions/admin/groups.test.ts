import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ticketDigest } from '#functions/domain/ticket.ts';
import { defaultPolicy, policyFields } from '#shared/wire/policy.ts';
import { ControlPlane } from '#test/functions/control-plane.ts';
import { MemoryTable } from '#test/support/memory-table.ts';
import { AdminRig } from './rig.ts';

const staff = { HubName_str: 'Hub', Name_str: 'Staff' };
const alice = { HubName_str: 'Hub', Name_str: 'alice', AuthType_u32: 0 };

async function rigWithHub(): Promise<AdminRig> {
  const rig = new AdminRig();
  await rig.createHub('Hub');
  return rig;
}

test('a group from its creation to its end', async () => {
  const rig = await rigWithHub();
  const created = await rig.call('CreateGroup', { ...staff, Realname_utf: 'Everyone' });
  assert.deepEqual([created.Name_str, created.Realname_utf], ['Staff', 'Everyone']);
  assert.equal('UsePolicy_bool' in created, false);
  assert.deepEqual(await rig.call('CreateGroup', { ...staff, Name_str: 'sTAFF' }), { error: 67 });

  const policy = { UsePolicy_bool: true, 'policy:MaxUpload_u32': 7 };
  const changed = await rig.call('SetGroup', { ...staff, Note_utf: 'note', ...policy });
  assert.deepEqual([changed.Realname_utf, changed.Note_utf], ['Everyone', 'note']);
  assert.deepEqual([changed['policy:MaxUpload_u32'], changed['policy:TimeOut_u32']], [7, 20]);
  assert.deepEqual(await rig.call('GetGroup', { ...staff, Name_str: 'staff' }), changed);
  const without = await rig.call('SetGroup', { ...staff, UsePolicy_bool: false });
  assert.equal('policy:MaxUpload_u32' in without, false);

  await rig.call('CreateUser', { ...alice, GroupName_str: 'STAFF' });
  const { GroupList } = await rig.call('EnumGroup', { HubName_str: 'Hub' });
  assert.deepEqual(
    GroupList.map((one: Record<string, unknown>) => [one['Name_str'], one['NumUsers_u32']]),
    [['Staff', 1]],
  );
  assert.equal((await rig.call('GetHubStatus', { HubName_str: 'Hub' })).NumGroups_u32, 1);

  assert.deepEqual(await rig.call('DeleteGroup', staff), staff);
  assert.equal((await rig.call('GetUser', alice)).GroupName_str, '', 'its users are in none');
  for (const method of ['DeleteGroup', 'GetGroup', 'SetGroup']) {
    assert.deepEqual(await rig.call(method, staff), { error: 29 }, method);
  }
});

test('users join groups there are, leave them, and show the name as it was created', async () => {
  const rig = await rigWithHub();
  assert.deepEqual(await rig.call('CreateUser', { ...alice, GroupName_str: 'none' }), {
    error: 65,
  });
  await rig.call('CreateGroup', staff);
  const joined = await rig.call('CreateUser', { ...alice, GroupName_str: 'sTaFF' });
  assert.equal(joined.GroupName_str, 'Staff');
  assert.equal((await rig.call('SetUser', alice)).GroupName_str, 'Staff', 'not given: it stays');
  assert.equal((await rig.call('SetUser', { ...alice, GroupName_str: '' })).GroupName_str, '');
});

test("another hub's administrator neither sees nor changes groups", async () => {
  const rig = await rigWithHub();
  await rig.createHub('Other', 1, 'other-password');
  const other = { hub: 'Other', password: 'other-password' };
  for (const method of ['CreateGroup', 'SetGroup', 'GetGroup', 'DeleteGroup', 'EnumGroup']) {
    assert.deepEqual(await rig.call(method, staff, other), { error: 52 }, method);
  }
});

test('a hub that is made anew under its name has no groups of the old one', async () => {
  const rig = await rigWithHub();
  await rig.call('CreateGroup', staff);
  rig.nowMs += 1;
  await rig.call('DeleteHub', { HubName_str: 'Hub' });
  await rig.createHub('Hub');
  assert.deepEqual((await rig.call('EnumGroup', { HubName_str: 'Hub' })).GroupList, []);
});

test("a login is granted the user's own policy, else its group's, else the default", async () => {
  const table = new MemoryTable();
  const plane = new ControlPlane(table);
  const rig = new AdminRig(table);
  rig.nowMs = plane.clock.nowMs();
  await rig.createHub('Hub', 1);
  const member = await plane.startMember('i-1');
  const granted = async () => {
    const { ticket } = await plane.redirectOf({ hub: 'Hub', user: 'alice' });
    const reply = await member.redeem(ticketDigest(ticket));
    assert(reply.kind === 'ok');
    return reply.value;
  };
  const maxIpOf = async () => (await granted()).policy.maxIp;
  await rig.call('CreateUser', alice);
  assert.deepEqual((await granted()).policy, defaultPolicy);
  assert.equal((await granted()).group, undefined);

  await rig.call('CreateGroup', staff);
  await rig.call('SetUser', { ...alice, GroupName_str: 'Staff' });
  assert.deepEqual([await maxIpOf(), (await granted()).group], [0, 'Staff']);
  await rig.call('SetGroup', { ...staff, UsePolicy_bool: true, 'policy:MaxIP_u32': 2 });
  assert.equal(await maxIpOf(), 2);
  await rig.call('SetUser', { ...alice, UsePolicy_bool: true, 'policy:MaxIP_u32': 9 });
  assert.deepEqual([await maxIpOf(), (await granted()).group], [9, 'Staff']);
  await rig.call('SetUser', { ...alice, UsePolicy_bool: false });
  assert.equal(await maxIpOf(), 2);

  await rig.call('SetGroup', { ...staff, 'policy:Access_bool': false });
  const denied = await plane.rejectionOf({ hub: 'Hub', user: 'alice' });
  assert.deepEqual(denied, { code: 12, reason: 'policy-denies-access' });
  await rig.call('DeleteGroup', staff);
  assert.equal(await maxIpOf(), 0);
});

test('every element of a policy is kept for a user and for a group, and granted', async () => {
  const table = new MemoryTable();
  const plane = new ControlPlane(table);
  const rig = new AdminRig(table);
  rig.nowMs = plane.clock.nowMs();
  await rig.createHub('Hub', 1);
  const member = await plane.startMember('i-1');
  await rig.call('CreateGroup', staff);
  await rig.call('CreateUser', { ...alice, GroupName_str: 'Staff' });
  for (const { field, wireName, kind } of policyFields) {
    const name = `policy:${wireName}_${kind === 'bool' ? 'bool' : 'u32'}`;
    const other = kind === 'bool' ? !defaultPolicy[field] : 31;
    for (const [method, target] of [
      ['SetGroup', staff],
      ['SetUser', alice],
    ] as const) {
      if (field === 'access') continue; // nobody would be granted anything
      const params = { ...target, UsePolicy_bool: true, [name]: other };
      assert.equal((await rig.call(method, params))[name], other, `${method} ${name}`);
      const { ticket } = await plane.redirectOf({ hub: 'Hub', user: 'alice' });
      const reply = await member.redeem(ticketDigest(ticket));
      assert(reply.kind === 'ok');
      assert.equal(reply.value.policy[field], other, `${method} ${name}`);
      await member.beat(); // makes room
    }
    await rig.call('SetUser', { ...alice, UsePolicy_bool: false });
    await rig.call('SetGroup', { ...staff, UsePolicy_bool: false });
  }
});
