import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Finding, Inquiry } from '#shared/contract/inquiry.ts';
import { ControlPlane } from '#test/functions/control-plane.ts';
import { sessionReport, type TestMember } from '#test/functions/test-member.ts';
import { MemoryTable } from '#test/support/memory-table.ts';
import { AdminRig } from './rig.ts';

const hub = { HubName_str: 'Hub' };
const seenMs = Date.UTC(2026, 10, 22, 1);

interface World {
  readonly rig: AdminRig;
  readonly plane: ControlPlane;
  readonly members: readonly TestMember[];
}

/** A static hub with a session on each of two members; on a third nobody is. */
async function world(): Promise<World> {
  const table = new MemoryTable();
  const plane = new ControlPlane(table);
  const rig = new AdminRig(table);
  rig.nowMs = plane.clock.nowMs();
  await rig.createHub('Hub', 1, 'own-password');
  const members: TestMember[] = [];
  for (const [index, id] of ['i-1', 'i-2', 'i-3'].entries()) {
    const member = await plane.startMember(id, { address: `192.0.2.${index + 1}` });
    if (id !== 'i-3') await member.beat({ opened: [sessionReport('Hub', `SID-${id}`, 'alice')] });
    members.push(member);
  }
  return { rig, plane, members };
}

function finding(inquiry: Inquiry, member: TestMember, more: Partial<Finding> = {}): Finding {
  const mac = member.id === 'i-1' ? '02:00:00:00:00:01' : '02:00:00:00:00:02';
  const key = member.id === 'i-1' ? 1 : 4_000_000_000;
  const text = inquiry.table === 'mac' ? mac : '10.0.0.1';
  return {
    id: inquiry.id,
    total: 1,
    forgotten: false,
    owners: [`SID-${member.id}`],
    addresses: [[key, text, 5, 0, seenMs - 1_000, seenMs, true]],
    ...more,
  };
}

/** Members that find this while an administrator waits; what they were asked. */
function answering(
  { rig, members }: World,
  find: (inquiry: Inquiry, member: TestMember) => Finding | undefined = finding,
): Inquiry[] {
  const asked: Inquiry[] = [];
  rig.timers.meanwhile = async () => {
    for (const member of members) {
      const { inquiries = [], orders } = await member.beat();
      assert.deepEqual(orders, [], 'beside the orders, which every member knows');
      asked.push(...inquiries);
      const found = inquiries.flatMap((inquiry) => find(inquiry, member) ?? []);
      if (found.length > 0) await member.beat({ found, done: inquiries.map(({ id }) => id) });
    }
  };
  return asked;
}

test('the MAC tables of all members that run the hub are one list', async () => {
  const stage = await world();
  const asked = answering(stage);
  const result = await stage.rig.call('EnumMacTable', hub);
  assert.deepEqual(
    asked.map(({ hub: name, table, forget }) => [name, table, forget]),
    [
      ['Hub', 'mac', undefined],
      ['Hub', 'mac', undefined],
    ],
  );
  assert.equal(result.NumOmitted_u32, 0);
  const list: Record<string, unknown>[] = result.MacTable;
  assert.deepEqual(
    list.toSorted((one, other) => Number(one['Key_u32']) - Number(other['Key_u32']))[1],
    {
      Key_u32: 4_000_000_000,
      SessionName_str: 'SID-i-2',
      MacAddress_bin: Buffer.from('020000000002', 'hex').toString('base64'),
      VlanId_u32: 5,
      CreatedTime_dt: '2026-11-22T00:59:59.000Z',
      UpdatedTime_dt: '2026-11-22T01:00:00.000Z',
      RemoteItem_bool: true,
      RemoteHostname_str: '192.0.2.2',
    },
  );
  assert.equal(list.length, 2);
});

test('IP addresses of both kinds as genuine servers write them, and how many more', async () => {
  const stage = await world();
  answering(stage, (inquiry, member) =>
    finding(inquiry, member, {
      total: 7,
      addresses: [
        [1, '10.88.0.1', 0, 0, seenMs, seenMs, true],
        [2, 'fe80:0000:0000:0000:5c0d:65ff:fead:02a6', 0, 0, seenMs, seenMs, false],
      ],
    }),
  );
  const result = await stage.rig.call('EnumIpTable', hub);
  assert.equal(result.NumOmitted_u32, 10);
  const [four, six] = result.IpTable;
  assert.deepEqual(
    [four.Ip_ip, four.IpV6_ip, four.IpAddress_ip, four.DhcpAllocated_bool],
    ['10.88.0.1', '10.88.0.1', '10.88.0.1', true],
  );
  assert.deepEqual(
    [six.Ip_ip, six.IpV6_ip, six.IpAddress_ip, six.DhcpAllocated_bool],
    ['::', 'fe80::5c0d:65ff:fead:2a6', 'fe80::5c0d:65ff:fead:2a6', false],
  );
});

for (const [method, table] of [
  ['DeleteMacTable', 'mac'],
  ['DeleteIpTable', 'ip'],
] as const) {
  test(`${method}: one member forgets the address; a key nobody has is error 29`, async () => {
    const stage = await world();
    const asked = answering(stage, (inquiry, member) =>
      finding(inquiry, member, { forgotten: inquiry.forget === 7 && member.id === 'i-2' }),
    );
    const deleted = await stage.rig.call(method, { ...hub, Key_u32: 7 });
    assert.deepEqual(deleted, { ...hub, Key_u32: 7 });
    assert.deepEqual([asked.length, asked[0]?.table, asked[0]?.forget], [2, table, 7]);
    assert.deepEqual(await stage.rig.call(method, { ...hub, Key_u32: 8 }), { error: 29 });
    assert.deepEqual(await stage.rig.call(method, hub), { error: 38 });
  });
}

test('a member that is silent: an error that says so, in time, and no half list', async () => {
  const stage = await world();
  answering(stage, (inquiry, member) =>
    member.id === 'i-2' ? undefined : finding(inquiry, member),
  );
  const before = stage.rig.nowMs;
  assert.deepEqual(await stage.rig.call('EnumMacTable', hub), { error: 3 });
  assert.ok(stage.rig.nowMs - before <= 6_250, `${stage.rig.nowMs - before} ms`);
});

test('what nobody waits for any more is not asked, and makes room for the next', async () => {
  const { rig, plane, members } = await world();
  assert.deepEqual(await rig.call('EnumMacTable', hub), { error: 3 });
  const [member] = members;
  assert(member);
  assert.equal((await plane.stores.members.get(member.memberId))?.orders.length, 1);
  assert.equal((await member.beat()).inquiries?.length, 1);
  plane.clock.advance(rig.nowMs - plane.clock.nowMs());
  assert.equal((await member.beat()).inquiries, undefined);
  assert.equal((await plane.stores.members.get(member.memberId))?.orders.length, 0);
});

test('a hub that runs nowhere has empty tables, at once', async () => {
  const { rig } = await world();
  await rig.createHub('Empty');
  rig.timers.meanwhile = () => assert.fail('nobody waits');
  const named = { HubName_str: 'Empty' };
  assert.deepEqual((await rig.call('EnumMacTable', named)).MacTable, []);
  assert.deepEqual((await rig.call('EnumIpTable', named)).IpTable, []);
  assert.deepEqual(await rig.call('DeleteMacTable', { ...named, Key_u32: 1 }), { error: 29 });
});
