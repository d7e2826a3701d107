import assert from 'node:assert/strict';
import { test } from 'node:test';
import { methods } from '#functions/admin/methods.ts';
import { AdminRig, type As } from './rig.ts';

const own: As = { hub: 'Own', password: 'own-password' };

async function twoHubs(): Promise<AdminRig> {
  const rig = new AdminRig();
  await rig.createHub('Own', 2, 'own-password');
  await rig.createHub('Other', 2, 'other-password');
  for (const hub of ['Own', 'Other']) {
    await rig.call('CreateUser', { HubName_str: hub, Name_str: 'alice', AuthType_u32: 0 });
    const AdminOptionList = [{ Name_str: 'allow_hub_admin_change_option', Value_u32: 1 }];
    await rig.call('SetHubAdminOptions', { HubName_str: hub, AdminOptionList });
  }
  return rig;
}

/** Every field any of the hub methods needs. */
function params(hub: string): object {
  return {
    HubName_str: hub,
    Name_str: 'alice',
    AuthType_u32: 0,
    Online_bool: true,
    HubType_u32: 2,
  };
}

for (const [name, { auth }] of Object.entries(methods)) {
  if (auth === 'hub') {
    test(`${name}: a hub administrator is let at its own hub and at no other`, async () => {
      const rig = await twoHubs();
      const before = JSON.stringify(await rig.call('GetUser', params('Other')));
      for (const other of ['Other', 'OTHER', ' other ', 'Nowhere', 'no/such']) {
        assert.deepEqual(await rig.call(name, params(other), own), { error: 52 }, other);
      }
      for (const none of [{}, { HubName_str: '' }, { HubName_str: ' ' }, { HubName_str: null }]) {
        assert.deepEqual(await rig.call(name, none, own), { error: 38 });
        assert.deepEqual(await rig.call(name, none), { error: 38 });
      }
      const mine = await rig.call(name, params('oWN'), own);
      assert.ok(![52, 8].includes(mine.error), `${name} of its own hub: ${mine.error}`);
      assert.equal(JSON.stringify(await rig.call('GetUser', params('Other'))), before);
    });

    test(`${name}: a hub that does not exist is error 8 for the server administrator`, async () => {
      const rig = await twoHubs();
      assert.deepEqual(await rig.call(name, params('Nowhere')), { error: 8 });
    });
  }

  if (auth === 'server') {
    test(`${name}: refused to hub administrators, even for their own hub`, async () => {
      const rig = await twoHubs();
      assert.deepEqual(await rig.call(name, params('Own'), own), { error: 52 });
      assert.deepEqual(await rig.call(name, params('New'), own), { error: 52 });
      assert.equal((await rig.call('EnumHub')).HubList.length, 2);
    });
  }

  if (auth === 'any') {
    test(`${name}: a hub administrator may call it`, async () => {
      const rig = await twoHubs();
      const result = await rig.call(name, {}, own);
      assert.ok(![52, 33].includes(result.error), `${result.error}`);
    });
  }
}

test('a hub administrator sees no hub but its own', async () => {
  const rig = await twoHubs();
  const { HubList } = await rig.call('EnumHub', {}, own);
  assert.deepEqual(
    HubList.map((hub: { HubName_str: string }) => hub.HubName_str),
    ['Own'],
  );
  await rig.join('i-1');
  const { FarmMemberList } = await rig.call('EnumFarmMember', {}, own);
  const hubs = await rig.call('GetFarmInfo', { Id_u32: FarmMemberList[1].Id_u32 }, own);
  assert.doesNotMatch(JSON.stringify(hubs), /Other/);
});

test('a hub administrator whose hub was deleted is nobody', async () => {
  const rig = await twoHubs();
  await rig.call('DeleteHub', { HubName_str: 'Own' });
  assert.deepEqual(await rig.call('EnumHub', {}, own), { status: 401 });
});
