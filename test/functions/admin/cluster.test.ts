import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AdminRig, leaseMs } from './rig.ts';

interface FarmMember {
  readonly Id_u32: number;
  readonly Controller_bool: boolean;
  readonly Hostname_str: string;
  readonly State_str?: string;
}

async function members(rig: AdminRig): Promise<FarmMember[]> {
  return (await rig.call('EnumFarmMember')).FarmMemberList;
}

test('the controller lists itself first, then its members by id', async () => {
  const rig = new AdminRig();
  await rig.createHub('Hub');
  await rig.join('i-2', '198.51.100.2', 7);
  await rig.join('i-1', '198.51.100.1');
  const [controller, first, second] = (await rig.call('EnumFarmMember')).FarmMemberList;
  assert.deepEqual(
    [controller.Controller_bool, controller.Ip_ip, controller.NumHubs_u32],
    [true, '127.0.0.1', 1],
  );
  assert.equal(first.Hostname_str, 'i-1');
  assert.equal(first.Point_u32, 100_000);
  assert.deepEqual(
    [second.Hostname_str, second.MemberId_str, second.Ip_ip, second.Port_u32, second.State_str],
    ['i-2', 'i-2', '198.51.100.2', 443, 'active'],
  );
  assert.deepEqual(
    [second.NumSessions_u32, second.NumTcpConnections_u32, second.NumHubs_u32, second.Point_u32],
    [7, 14, 1, 99_300],
  );
  assert.equal(second.LeaseExpires_dt, '2026-11-22T23:42:16.261Z');
});

test('draining members are listed as such; the lost, drained and forgotten are not', async () => {
  const rig = new AdminRig();
  const [draining, drained, lost] = [
    await rig.join('i-draining'),
    await rig.join('i-drained'),
    await rig.join('i-lost'),
  ];
  await rig.stores.members.beginDrain(draining, rig.nowMs + 60_000);
  await rig.stores.members.beginDrain(drained, rig.nowMs + 60_000);
  const empty = {
    epoch: 1,
    seq: 2,
    state: 'draining' as const,
    sessions: 0,
    connections: 0,
    hubs: 0,
    opened: [],
    closed: [],
    released: [],
    done: [],
  };
  await rig.stores.members.renew(drained, empty, rig.nowMs + leaseMs, rig.nowMs);
  assert.equal(await rig.stores.members.markDrained(drained, 1), true);
  rig.nowMs += leaseMs;
  await rig.stores.members.markLost(lost, 1, rig.nowMs);
  assert.deepEqual(
    (await members(rig)).slice(1).map(({ Hostname_str, State_str }) => [Hostname_str, State_str]),
    [['i-draining', 'draining']],
  );
});

test('a member is drained by its id; asked again, nothing begins anew', async () => {
  const rig = new AdminRig();
  const id = await rig.join('i-1', '198.51.100.1', 3);
  const first = await rig.call('DrainMember', { MemberId_str: 'i-1' });
  assert.deepEqual([first.State_str, first.NumSessions_u32], ['draining', 3]);
  assert.equal(first.DrainDeadline_dt, '2026-11-22T23:44:08.261Z');
  assert.equal((await members(rig))[1]?.State_str, 'draining');
  rig.nowMs += 1_000;
  assert.deepEqual(await rig.call('DrainMember', { MemberId_str: 'i-1' }), first);
  const event = rig.logged.find((line) => line.event === 'admin.DrainMember');
  assert.equal(event?.fields['object'], id);
});

test('a machine is drained by any of its members’ ids, with all that are there', async () => {
  const rig = new AdminRig();
  await rig.join('i-1', '198.51.100.1', 3);
  const lost = await rig.join('i-1.1');
  rig.nowMs += leaseMs;
  await rig.stores.members.markLost(lost, 1, rig.nowMs);
  await rig.join('i-1.2', '198.51.100.1', 5);
  await rig.join('i-11');
  const { MemberList } = await rig.call('DrainMachine', { MemberId_str: 'i-1.2' });
  assert.deepEqual(
    (MemberList as Record<string, unknown>[]).map((one) => [
      one['MemberId_str'],
      one['State_str'],
      one['NumSessions_u32'],
    ]),
    [
      ['i-1', 'draining', 3],
      ['i-1.2', 'draining', 5],
    ],
  );
  assert.deepEqual(
    (await members(rig)).slice(1).map(({ State_str }) => State_str),
    ['draining', 'draining', 'active'],
  );
  assert.deepEqual(await rig.call('DrainMachine', { MemberId_str: 'i-2.1' }), { error: 29 });
});

test('only a server administrator drains, and only a member that is there', async () => {
  const rig = new AdminRig();
  await rig.createHub('Hub', 2, 'hub-password');
  const id = await rig.join('i-1');
  const asHub = { hub: 'Hub', password: 'hub-password' };
  assert.deepEqual(await rig.call('DrainMember', { MemberId_str: 'i-1' }, asHub), { error: 52 });
  assert.deepEqual(await rig.call('DrainMember', { MemberId_str: 'i-2' }), { error: 29 });
  assert.deepEqual(await rig.call('DrainMember'), { error: 38 });
  rig.nowMs += leaseMs;
  await rig.stores.members.markLost(id, 1, rig.nowMs);
  assert.deepEqual(await rig.call('DrainMember', { MemberId_str: 'i-1' }), { error: 29 });
});

test('a handle finds its member until that joins anew', async () => {
  const rig = new AdminRig();
  await rig.join('i-1');
  const [, before] = await members(rig);
  assert.ok(before);
  const info = await rig.call('GetFarmInfo', { Id_u32: before.Id_u32 });
  assert.deepEqual([info.Hostname_str, info.Weight_u32, info.Ports_u32], ['i-1', 100, [443, 992]]);
  assert.equal(Buffer.from(info.ServerCert_bin, 'base64').toString(), 'certificate');
  await rig.join('i-1');
  assert.deepEqual(await rig.call('GetFarmInfo', { Id_u32: before.Id_u32 }), { error: 29 });
  assert.notEqual((await members(rig))[1]?.Id_u32, before.Id_u32);
});

test('a member tells static hubs and the dynamic ones placed on it', async () => {
  const rig = new AdminRig();
  const [here, there] = [await rig.join('i-1'), await rig.join('i-2')];
  await rig.createHub('Static', 1);
  for (const [name, memberId] of [['Here', here] as const, ['There', there] as const]) {
    await rig.createHub(name, 2);
    const member = { memberId, epoch: 1 };
    await rig.stores.placements.claim(rig.hub(name), undefined, member, rig.nowMs);
  }
  await rig.createHub('Nowhere', 2);
  const [, first] = await members(rig);
  const { HubsList } = await rig.call('GetFarmInfo', { Id_u32: first?.Id_u32 });
  assert.deepEqual(HubsList, [
    { DynamicHub_bool: true, HubName_str: 'Here' },
    { DynamicHub_bool: false, HubName_str: 'Static' },
  ]);
});

test('the controller has a handle too, unknown ones are error 29', async () => {
  const rig = new AdminRig();
  const [controller] = await members(rig);
  const info = await rig.call('GetFarmInfo', { Id_u32: controller?.Id_u32 });
  assert.equal(info.Controller_bool, true);
  for (const Id_u32 of [1, undefined]) {
    assert.deepEqual(await rig.call('GetFarmInfo', { Id_u32 }), { error: 29 });
  }
});

test('the server status sums hubs, users and what live members reported', async () => {
  const rig = new AdminRig();
  await rig.createHub('Static', 1);
  await rig.createHub('Dynamic', 2);
  for (const HubName_str of ['Static', 'Dynamic']) {
    await rig.call('CreateUser', { HubName_str, Name_str: 'alice', AuthType_u32: 0 });
  }
  await rig.call('CreateGroup', { HubName_str: 'Static', Name_str: 'staff' });
  await rig.join('i-gone', '198.51.100.9', 50);
  rig.nowMs += leaseMs;
  await rig.join('i-1', '198.51.100.1', 3);
  await rig.join('i-2', '198.51.100.2', 4);
  const status = await rig.call('GetServerStatus');
  assert.deepEqual(
    [status.NumHubTotal_u32, status.NumHubStatic_u32, status.NumHubDynamic_u32],
    [2, 1, 1],
  );
  assert.deepEqual([status.NumSessionsTotal_u32, status.NumTcpConnections_u32], [7, 14]);
  assert.deepEqual([status.NumUsers_u32, status.NumGroups_u32], [2, 1]);
  assert.equal(status.ServerType_u32, 1);
  rig.nowMs += 60_000;
  const later = await rig.call('GetServerStatus');
  assert.equal(later.StartTime_dt, status.StartTime_dt);
  assert.equal(later.CurrentTick_u64 - status.CurrentTick_u64, 60_000);
});

test('capabilities: a controller, and nothing that error 33 would deny', async () => {
  const rig = new AdminRig();
  const caps = await rig.call('GetCaps');
  assert.equal(caps.caps_b_cluster_controller_u32, 1);
  assert.equal(caps.caps_b_support_securenat_u32, 0);
  assert.equal(caps.caps_b_support_cascade_u32, 0);
  assert.equal(Object.keys(caps).length, caps.CapsList.length + 1);
});

test('the cluster setting is that of a controller without sessions of its own', async () => {
  const setting = await new AdminRig().call('GetFarmSetting');
  assert.equal(setting.ServerType_u32, 1);
  assert.equal(setting.ControllerOnly_bool, true);
});
