import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ticketDigest } from '#functions/domain/ticket.ts';
import { accessRulesMax } from '#shared/contract/access-rule.ts';
import type { HubConfig } from '#shared/contract/hub.ts';
import { ControlPlane } from '#test/functions/control-plane.ts';
import type { TestMember } from '#test/functions/test-member.ts';
import { WatchedTable } from '#test/functions/watched-table.ts';
import { AdminRig } from './rig.ts';

const hub = { HubName_str: 'Hub' };

interface Stage {
  readonly rig: AdminRig;
  readonly plane: ControlPlane;
  readonly member: TestMember;
  readonly table: WatchedTable;
  /** The configurations that the next heartbeat brings; they are reported done. */
  readonly told: () => Promise<readonly HubConfig[]>;
  /** What a session that opens now is granted of the hub. */
  readonly granted: () => Promise<HubConfig>;
}

async function stage(): Promise<Stage> {
  const table = new WatchedTable();
  const plane = new ControlPlane(table);
  const rig = new AdminRig(table);
  rig.nowMs = plane.clock.nowMs();
  await rig.createHub('Hub', 1);
  await rig.call('CreateUser', { ...hub, Name_str: 'alice', AuthType_u32: 0 });
  const member = await plane.startMember('i-1');
  const told: Stage['told'] = async () => {
    const { orders } = await member.beat();
    await member.beat({ done: orders.map(({ id }) => id) });
    return orders.flatMap((order) => (order.kind === 'configure' ? [order.hub] : []));
  };
  const granted: Stage['granted'] = async () => {
    const { ticket } = await plane.redirectOf({ hub: 'Hub', user: 'alice' });
    const reply = await member.redeem(ticketDigest(ticket));
    assert(reply.kind === 'ok', JSON.stringify(reply));
    return reply.value.hub;
  };
  return { rig, plane, member, table, told, granted };
}

const single = (rule: object) => ({ ...hub, AccessListSingle: [rule] });
const bin = (hex: string): string => Buffer.from(hex, 'hex').toString('base64');

/** Every field, as JSON-RPC says it and as members are told it. */
const everything = {
  rpc: {
    Note_utf: 'nö web',
    Active_bool: false,
    Priority_u32: 7,
    Discard_bool: true,
    SrcIpAddress_ip: '10.1.2.0',
    SrcSubnetMask_ip: '255.255.255.0',
    DestIpAddress_ip: '192.0.2.1',
    DestSubnetMask_ip: '255.255.255.255',
    Protocol_u32: 6,
    SrcPortStart_u32: 1,
    SrcPortEnd_u32: 1_023,
    DestPortStart_u32: 80,
    DestPortEnd_u32: 81,
    SrcUsername_str: 'alice',
    DestUsername_str: '@staff',
    CheckSrcMac_bool: true,
    SrcMacAddress_bin: bin('020000000001'),
    SrcMacMask_bin: bin('ffffffffffff'),
    CheckDstMac_bool: true,
    DstMacAddress_bin: bin('020000000002'),
    DstMacMask_bin: bin('ffffff000000'),
    CheckTcpState_bool: true,
    Established_bool: true,
    Delay_u32: 100,
    Jitter_u32: 10,
    Loss_u32: 5,
    RedirectUrl_str: 'http://example/',
  },
  told: {
    id: 1,
    active: false,
    priority: 7,
    discard: true,
    ipVersion: 4,
    source: { address: '0a010200', mask: 'ffffff00' },
    destination: { address: 'c0000201', mask: 'ffffffff' },
    protocol: 6,
    sourcePorts: { first: 1, last: 1_023 },
    destinationPorts: { first: 80, last: 81 },
    sourceUser: 'alice',
    destinationUser: '@staff',
    sourceMac: { address: '020000000001', mask: 'ffffffffffff' },
    destinationMac: { address: '020000000002', mask: 'ffffff000000' },
    tcpState: 'established',
    delayMs: 100,
    jitterPercent: 10,
    lossPercent: 5,
    redirectUrl: 'http://example/',
  },
} as const;

test('every field of a rule is kept, listed, and told with heartbeat and ticket', async () => {
  const { rig, told, granted } = await stage();
  const before = await granted();
  assert.equal(before.accessRules, undefined);
  const added = await rig.call('AddAccess', single(everything.rpc));
  assert.equal(added.AccessListSingle[0].Id_u32, 1);
  const { AccessList } = await rig.call('EnumAccess', hub);
  for (const [name, value] of Object.entries(everything.rpc)) {
    assert.deepEqual(AccessList[0][name], value, name);
  }
  assert.equal(AccessList[0].IsIPv6_bool, false);
  const [config] = await told();
  assert.deepEqual(config?.accessRules, [everything.told]);
  assert(config && config.version > before.version);
  assert.deepEqual(await granted(), config);
  assert.deepEqual(await told(), [], 'done is done');
});

test('an IPv6 rule has 16 bytes; zero masks, ports and names are no conditions', async () => {
  const { rig, granted } = await stage();
  const address = bin('20010db8000000000000000000000001');
  await rig.call(
    'AddAccess',
    single({
      IsIPv6_bool: true,
      SrcIpAddress6_bin: address,
      SrcSubnetMask6_bin: bin('f'.repeat(32)),
      DestIpAddress6_bin: bin('0'.repeat(32)),
      DestSubnetMask6_bin: bin('0'.repeat(32)),
    }),
  );
  await rig.call('AddAccess', single({ DestPortStart_u32: 53, CheckTcpState_bool: true }));
  const [six, port] = (await granted()).accessRules ?? [];
  const source = { address: '20010db8000000000000000000000001', mask: 'f'.repeat(32) };
  assert.deepEqual(six, { id: 1, active: true, priority: 0, discard: false, ipVersion: 6, source });
  assert.deepEqual(port?.destinationPorts, { first: 53, last: 53 });
  assert.equal(port?.tcpState, 'opening');
  assert.equal((await rig.call('EnumAccess', hub)).AccessList[0].SrcIpAddress6_bin, address);
});

test('an address under a mask of nothing still asks for IP, and is listed as given', async () => {
  const { rig, granted } = await stage();
  const four = { SrcIpAddress_ip: '10.0.0.0', SrcSubnetMask_ip: '0.0.0.0' };
  await rig.call('AddAccess', single(four));
  const six = { DestIpAddress6_bin: bin(`fe80${'0'.repeat(28)}`), IsIPv6_bool: true };
  await rig.call('AddAccess', single(six));
  const [one, other] = (await granted()).accessRules ?? [];
  assert.deepEqual(one?.source, { address: '0a000000', mask: '00000000' });
  assert.deepEqual(other?.destination, { address: `fe80${'0'.repeat(28)}`, mask: '0'.repeat(32) });
  const { AccessList } = await rig.call('EnumAccess', hub);
  assert.equal(AccessList[0].SrcIpAddress_ip, '10.0.0.0');
});

test('entries are deleted by number, which no other gets; a list replaces them all', async () => {
  const { rig, granted } = await stage();
  for (const Priority_u32 of [30, 10, 20]) await rig.call('AddAccess', single({ Priority_u32 }));
  const idsOf = async (): Promise<number[][]> =>
    (await rig.call('EnumAccess', hub)).AccessList.map(
      (one: { Id_u32: number; Priority_u32: number }) => [one.Id_u32, one.Priority_u32],
    );
  assert.deepEqual(await idsOf(), [
    [2, 10],
    [3, 20],
    [1, 30],
  ]);
  assert.equal((await rig.call('GetHubStatus', hub)).NumAccessLists_u32, 3);
  await rig.call('DeleteAccess', { ...hub, Id_u32: 2 });
  assert.deepEqual(await rig.call('DeleteAccess', { ...hub, Id_u32: 2 }), { error: 29 });
  await rig.call('AddAccess', single({ Priority_u32: 5 }));
  assert.deepEqual(await idsOf(), [
    [4, 5],
    [3, 20],
    [1, 30],
  ]);
  const AccessList = [
    { Priority_u32: 9, Discard_bool: true },
    { Priority_u32: 9, Note_utf: 'passes, so it is tried first' },
    { Priority_u32: 8, Discard_bool: true },
  ];
  const set = await rig.call('SetAccessList', { ...hub, AccessList });
  assert.deepEqual(await rig.call('EnumAccess', hub), set);
  assert.deepEqual(await idsOf(), [
    [1, 8],
    [2, 9],
    [3, 9],
  ]);
  assert.match(set.AccessList[1].Note_utf, /tried first/);
  await rig.call('SetAccessList', { ...hub, AccessList: [] });
  assert.deepEqual(await idsOf(), []);
  assert.equal((await granted()).accessRules, undefined);
});

test('what is no rule is refused, and changes nothing', async () => {
  const { rig, table } = await stage();
  const wrong: object[] = [
    { SrcIpAddress_ip: '10.0.0' },
    { Protocol_u32: 256 },
    { DestPortStart_u32: 65_536 },
    { SrcPortStart_u32: 9, SrcPortEnd_u32: 8 },
    { CheckSrcMac_bool: true, SrcMacAddress_bin: bin('0200') },
    { Delay_u32: 10_001 },
    { Jitter_u32: 101 },
    { Loss_u32: 101 },
    { RedirectUrl_str: 'x'.repeat(256) },
    { SrcUsername_str: 'include:/etc/passwd' },
    { IsIPv6_bool: true, SrcIpAddress6_bin: bin('0a000001') },
    { Note_utf: 7 },
  ];
  table.takeChanges();
  for (const rule of wrong) {
    const { error } = await rig.call('AddAccess', single(rule));
    assert([33, 38].includes(error), JSON.stringify(rule));
    assert.notEqual((await rig.call('SetAccessList', { ...hub, AccessList: [{}, rule] })).error, 0);
  }
  for (const params of [hub, { ...hub, AccessListSingle: [] }, { ...hub, AccessListSingle: [7] }]) {
    assert.deepEqual(await rig.call('AddAccess', params), { error: 38 });
  }
  const tooMany = Array.from({ length: accessRulesMax + 1 }, () => ({}));
  assert.deepEqual(await rig.call('SetAccessList', { ...hub, AccessList: tooMany }), { error: 38 });
  assert.deepEqual(table.takeChanges(), []);
});

test('the longest list is told once for all changes of it, and weighs on no item', async () => {
  const { rig, plane, told, member } = await stage();
  const rule = { SrcUsername_str: 'somebody', Discard_bool: true };
  const AccessList = Array.from({ length: accessRulesMax }, (_, index) => ({
    ...rule,
    DestPortStart_u32: index + 1,
    Note_utf: `rule ${index} of the hub`,
  }));
  const answer = await rig.call('SetAccessList', { ...hub, AccessList });
  assert.deepEqual(answer, { HubName_str: 'Hub' }, 'too long to be repeated, but carried out');
  assert.deepEqual(await rig.call('AddAccess', single(rule)), { error: 62 });
  for (let times = 0; times < 20; times += 1)
    await rig.call('SetHubOnline', { ...hub, Online_bool: true });
  const stored = await plane.stores.members.get(member.memberId);
  assert.equal(stored?.orders.length, 21);
  assert(JSON.stringify(stored?.orders).length < 8_000);
  const configs = await told();
  assert.deepEqual(
    configs.map((config) => config.accessRules?.length),
    [accessRulesMax],
  );
  assert.deepEqual(await told(), [], 'it stood for all before it');
});

test('what is too long for one answer comes with the next, and the log says so', async () => {
  const { rig, plane, told } = await stage();
  const rule = { SrcUsername_str: 'somebody', DestUsername_str: 'somebody else' };
  const AccessList = Array.from({ length: accessRulesMax }, () => rule);
  const names = ['one', 'two', 'three', 'four', 'five', 'six'];
  for (const name of names) {
    await rig.createHub(name, 1);
    const answer = await rig.call('SetAccessList', { HubName_str: name, AccessList });
    assert.equal(answer.error, undefined);
  }
  const heard = new Set<string>();
  let answers = 0;
  for (; heard.size < names.length && answers < names.length; answers += 1) {
    for (const { name } of await told()) heard.add(name);
  }
  assert.deepEqual([...heard].sort(), [...names].sort());
  assert(answers > 1, 'all in one answer');
  assert.equal(plane.log.of('configurations.postponed').length, answers - 1);
});

test('four administrators add a rule at once: each is there, under its own number', async () => {
  const { rig, table } = await stage();
  const adds = Array.from({ length: 4 }, (_, index) =>
    rig.call('AddAccess', single({ Priority_u32: index })),
  );
  const answers = await Promise.all(adds);
  const done = answers.filter((answer) => answer.error === undefined).length;
  const { AccessList } = await rig.call('EnumAccess', hub);
  assert.equal(AccessList.length, done);
  assert.equal(new Set(AccessList.map((one: { Id_u32: number }) => one.Id_u32)).size, done);
  table.takeChanges();
  const left = await table.query({ pk: 'HUB#hub', skPrefix: 'RULES#', limit: 100 });
  assert.equal(left.items.length, 1, 'no list is left that no hub names');
});

test('a hub that is deleted takes its lists along', async () => {
  const { rig, table, granted } = await stage();
  await rig.call('AddAccess', single({ Discard_bool: true }));
  await rig.call('SetAcList', { ...hub, ACList: [{ IpAddress_ip: '10.0.0.1', Deny_bool: true }] });
  rig.nowMs += 1;
  await rig.call('DeleteHub', hub);
  const left = await table.query({ pk: 'HUB#hub', skPrefix: 'RULES#', limit: 100 });
  assert.deepEqual(left.items, []);
  await rig.createHub('Hub', 1);
  await rig.call('CreateUser', { ...hub, Name_str: 'alice', AuthType_u32: 0 });
  assert.deepEqual((await rig.call('GetAcList', hub)).ACList, []);
  assert.equal((await granted().catch(() => undefined))?.accessRules, undefined);
});

test('a source address list decides before any password is looked at', async () => {
  const { rig, plane } = await stage();
  const ACList = [
    { Priority_u32: 20, IpAddress_ip: '0.0.0.0', Masked_bool: true, Deny_bool: true },
    {
      Priority_u32: 10,
      IpAddress_ip: '10.1.0.0',
      Masked_bool: true,
      SubnetMask_ip: '255.255.0.0',
      Deny_bool: false,
    },
    { Priority_u32: 5, IpAddress_ip: '10.1.2.3', Deny_bool: true },
  ];
  const set = await rig.call('SetAcList', { ...hub, ACList });
  assert.equal(set.NumItem_u32, 3);
  assert.deepEqual(await rig.call('GetAcList', hub), set);
  assert.deepEqual(
    set.ACList.map((one: Record<string, unknown>) => [one['IpAddress_ip'], one['Masked_bool']]),
    [
      ['10.1.2.3', false],
      ['10.1.0.0', true],
      ['0.0.0.0', true],
    ],
  );
  const from = (address: string) => ({ hub: 'Hub', user: 'alice', address });
  assert.deepEqual(await plane.rejectionOf(from('192.0.2.9')), {
    code: 109,
    reason: 'source-denied',
  });
  assert.deepEqual(await plane.rejectionOf(from('10.1.2.3')), {
    code: 109,
    reason: 'source-denied',
  });
  await plane.redirectOf(from('10.1.2.4'));
  await rig.call('SetAcList', { ...hub, ACList: [] });
  await plane.redirectOf(from('192.0.2.9'));
});
