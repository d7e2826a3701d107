import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ticketDigest } from '#functions/domain/ticket.ts';
import { defaultHubOptions, hubOptionWireNames } from '#shared/contract/hub-options.ts';
import { ControlPlane } from '#test/functions/control-plane.ts';
import { MemoryTable } from '#test/support/memory-table.ts';
import { AdminRig } from './rig.ts';

const hub = { HubName_str: 'Hub' };

async function stage() {
  const table = new MemoryTable();
  const plane = new ControlPlane(table);
  const rig = new AdminRig(table);
  rig.nowMs = plane.clock.nowMs();
  await rig.createHub('Hub', 1);
  await rig.call('CreateUser', { ...hub, Name_str: 'alice', AuthType_u32: 0 });
  const member = await plane.startMember('i-1');
  const told = async () => {
    const { orders } = await member.beat();
    await member.beat({ done: orders.map(({ id }) => id) });
    return orders.flatMap((order) => (order.kind === 'configure' ? [order.hub] : []));
  };
  const grant = async () => {
    const { ticket } = await plane.redirectOf({ hub: 'Hub', user: 'alice' });
    const reply = await member.redeem(ticketDigest(ticket));
    assert(reply.kind === 'ok');
    return reply.value;
  };
  return { rig, told, grant };
}

const option = (Name_str: string, Value_u32: unknown) => ({
  ...hub,
  AdminOptionList: [{ Name_str, Value_u32 }],
});

async function settingOf(rig: AdminRig, name: string): Promise<number | undefined> {
  const { AdminOptionList } = await rig.call('GetHubExtOptions', hub);
  const list: { Name_str: string; Value_u32: number }[] = AdminOptionList;
  return list.find((one) => one.Name_str === name)?.Value_u32;
}

test('each option that members honour is set, told to members and listed', async () => {
  const { rig, told, grant } = await stage();
  assert.equal((await grant()).hub.options, undefined, 'the defaults');
  const { NumItem_u32, AdminOptionList } = await rig.call('GetHubExtOptions', hub);
  assert.equal(NumItem_u32, AdminOptionList.length);
  for (const [field, name] of Object.entries(hubOptionWireNames)) {
    const usual = defaultHubOptions[field as keyof typeof defaultHubOptions];
    assert.equal(await settingOf(rig, name), Number(usual), name);
    const other = typeof usual === 'boolean' ? !usual : 17;
    await rig.call('SetHubExtOptions', option(name.toUpperCase(), Number(other)));
    assert.equal(await settingOf(rig, name), Number(other), name);
    const [config] = await told();
    const options: Record<string, unknown> = { ...config?.options };
    assert.equal(options[field], other, `${name} to members`);
  }
  const all = (await grant()).hub.options;
  assert(all && Object.keys(all).length === Object.keys(hubOptionWireNames).length);
  await rig.call('SetHubExtOptions', { ...hub, AdminOptionList });
  assert.deepEqual((await grant()).hub.options ?? defaultHubOptions, defaultHubOptions);
});

test('an option nobody honours, or a value out of range, is refused', async () => {
  const { rig, told } = await stage();
  for (const params of [
    option('RequiredClientId', 1),
    option('', 1),
    option('VlanTypeId', 65_536),
    option('FilterIPv4', 'yes'),
    { ...hub, AdminOptionList: 'FilterIPv4' },
    { ...hub, AdminOptionList: [['FilterIPv4', 1]] },
  ]) {
    assert.deepEqual(await rig.call('SetHubExtOptions', params), { error: 38 });
  }
  assert.deepEqual(await told(), []);
});

test('what a hub logs is set by kind and level, and told to members', async () => {
  const { rig, told, grant } = await stage();
  const before = await rig.call('GetHubLog', hub);
  assert.deepEqual([before.SaveSecurityLog_bool, before.SavePacketLog_bool], [true, false]);
  assert.deepEqual((await grant()).hub.log?.packets ?? {}, {});
  const levels = [1, 0, 2, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0];
  const set = await rig.call('SetHubLog', {
    ...hub,
    SaveSecurityLog_bool: false,
    SavePacketLog_bool: true,
    PacketLogConfig_u32: levels,
  });
  assert.deepEqual(set.PacketLogConfig_u32, levels);
  const expected = {
    security: false,
    packets: { tcpConnection: 'header', dhcp: 'payload', ethernet: 'header' },
  };
  assert.deepEqual((await told())[0]?.log, expected);
  assert.deepEqual((await grant()).hub.log, expected);
  const off = await rig.call('SetHubLog', { ...hub, SavePacketLog_bool: false });
  assert.deepEqual([off.SavePacketLog_bool, off.SaveSecurityLog_bool], [false, false]);
  for (const wrong of [[3], [-1], ['header'], 'header', new Array(17).fill(0)]) {
    const params = { ...hub, SavePacketLog_bool: true, PacketLogConfig_u32: wrong };
    assert.deepEqual(await rig.call('SetHubLog', params), { error: 38 });
  }
});

test('the packet log is switched and its levels are set apart, as vpncmd does', async () => {
  const { rig, told } = await stage();
  const { PacketLogConfig_u32: levels, ...seen } = await rig.call('GetHubLog', hub);
  const packets = async () => (await told()).at(-1)?.log?.packets;
  // LogPacketSaveType while the log is off, LogEnable, LogDisable, LogEnable: each tells it all.
  const chosen = [2, ...levels.slice(1)];
  const config = (isOn: boolean) => ({
    ...{ ...seen, SavePacketLog_bool: isOn },
    PacketLogConfig_u32: chosen,
  });
  const off = await rig.call('SetHubLog', config(false));
  assert.deepEqual([off.SavePacketLog_bool, off.PacketLogConfig_u32], [false, chosen]);
  assert.deepEqual(await packets(), {});
  const on = await rig.call('SetHubLog', config(true));
  assert.equal(on.SavePacketLog_bool, true);
  assert.deepEqual(await packets(), { tcpConnection: 'payload', dhcp: 'header' });
  await rig.call('SetHubLog', { ...hub, SavePacketLog_bool: false });
  assert.deepEqual(await packets(), {});
  const again = await rig.call('SetHubLog', { ...hub, SavePacketLog_bool: true });
  assert.deepEqual(again.PacketLogConfig_u32, chosen);
  // Also with nothing to log: what is switched on is told as such.
  const none = { ...hub, PacketLogConfig_u32: new Array(16).fill(0) };
  assert.equal((await rig.call('SetHubLog', none)).SavePacketLog_bool, true);
});

test('the message of a hub is what the next session is shown', async () => {
  const { rig, grant } = await stage();
  assert.deepEqual(await rig.call('GetHubMsg', hub), hub);
  const Msg_bin = Buffer.from('Grüße 日本').toString('base64');
  assert.deepEqual(await rig.call('SetHubMsg', { ...hub, Msg_bin }), { ...hub, Msg_bin });
  assert.equal((await grant()).message, 'Grüße 日本');
  for (const wrong of [Buffer.from([0xff]), Buffer.alloc(20_001, 'x')]) {
    const params = { ...hub, Msg_bin: wrong.toString('base64') };
    assert.deepEqual(await rig.call('SetHubMsg', params), { error: 38 });
  }
  assert.equal((await grant()).message, 'Grüße 日本');
  await rig.call('SetHubMsg', { ...hub, Msg_bin: '' });
  assert.equal((await grant()).message, '');
});
