import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { command } from '#test/netns/command.ts';
import {
  properties,
  type Row,
  VpncmdError,
  type VpncmdTarget,
  vpncmd,
} from '#test/netns/vpncmd.ts';
import { CloudProcess } from '#test/scenario/cloud-process.ts';
import { eventually } from '#test/support/eventually.ts';

/** The genuine vpncmd, at the front door's port for it (docs/operating/vpncmd.md). */
const frontDoorPort = 22_700;
const folder = mkdtempSync(join(tmpdir(), 'etherfleet-vpncmd-'));
const cloud = new CloudProcess(frontDoorPort, 2, folder);
let asServer: VpncmdTarget;
let asHub: VpncmdTarget;

before(async () => {
  await cloud.start();
  const [, server = ''] = /vpncmd (127\.0\.0\.1:\d+) \/SERVER/.exec(cloud.printed()) ?? [];
  asServer = { face: 'server', server, password: 'admin-pw' };
  asHub = { face: 'server', server, password: 'hub-pw', hubAdmin: 'office' };
});
after(async () => {
  await cloud.stop();
  rmSync(folder, { recursive: true, force: true });
});

/** This machine: vpncmd would look names up for seconds on a host without a name server. */
const here = { name: 'this machine', exec: (argv: readonly string[]) => command(argv) };

const run = (as: VpncmdTarget, ...args: string[]): Promise<readonly Row[]> =>
  vpncmd(here, as, args);

async function refused(code: number, as: VpncmdTarget, ...args: string[]): Promise<void> {
  await assert.rejects(
    run(as, ...args),
    (error) => error instanceof VpncmdError && error.code === code,
    args.join(' '),
  );
}

const column = (rows: readonly Row[], title: string): (string | undefined)[] =>
  rows.map((row) => row.get(title));

test('a wrong password is told as such, and so is a hub that is none', async () => {
  await refused(12, { ...asServer, password: 'wrong' }, 'ServerInfoGet');
  await refused(12, asHub, 'StatusGet');
});

test('the server: what it is, who its members are, what it can do', async () => {
  const info = properties(await run(asServer, 'ServerInfoGet'));
  assert.equal(info.get('Server Type'), 'Cluster Controller');
  const status = properties(await run(asServer, 'ServerStatusGet'));
  assert.equal(status.get('Number of Virtual Hubs'), '0');
  const caps = properties(await run(asServer, 'Caps'));
  for (const [capability, has] of [
    ['Cluster Controller Mode', 'Yes'],
    ['Conditioning by Group name is Supported in Access List', 'Yes'],
    ['Tagged VLAN ID is Supported in MAC Address Table', 'Yes'],
    ['VoIP / QoS Functions is Supported', 'Yes'],
    ['SecureNAT is Supported', 'No'],
  ] as const) {
    assert.equal(caps.get(capability), has, capability);
  }
  const members = await run(asServer, 'ClusterMemberList');
  assert.equal(column(members, 'Type').filter((type) => type === 'Member').length, 2);
  const setting = properties(await run(asServer, 'ClusterSettingGet'));
  assert.equal(setting.get('Current Configuration'), 'Cluster Controller');
  await run(asServer, 'About');
});

test('hubs: made, listed, changed, stopped and started, each by who may', async () => {
  await run(asServer, 'HubCreateDynamic', 'office', '/PASSWORD:first');
  await run(asServer, 'HubCreateStatic', 'campus', '/PASSWORD:campus-pw');
  const names = async (as: VpncmdTarget) => column(await run(as, 'HubList'), 'Virtual Hub Name');
  assert.deepEqual(await names(asServer), ['campus', 'office']);
  await run({ ...asServer, hub: 'office' }, 'SetHubPassword', 'hub-pw');
  assert.deepEqual(await names(asHub), ['office']);
  await run(asHub, 'SetMaxSession', '7');
  await run(asHub, 'Offline');
  assert.equal(properties(await run(asHub, 'StatusGet')).get('Status'), 'Offline');
  await run(asHub, 'Online');
  await run(asHub, 'OptionsGet');
  const { MaxSession_u32, Online_bool } = await cloud.rpc('GetHub', { HubName_str: 'office' });
  assert.deepEqual([MaxSession_u32, Online_bool], [7, true]);
  await refused(52, asHub, 'HubDelete', 'campus');
  await refused(52, asHub, 'ServerPasswordSet', 'mine');
  await refused(8, { ...asServer, hub: 'nowhere' }, 'StatusGet');
  await run(asServer, 'HubDelete', 'campus');
});

test('users, groups, policies and access lists of a hub', async () => {
  const texts = ['/REALNAME:none', '/NOTE:none'];
  await run(asHub, 'GroupCreate', 'staff', ...texts);
  await run(asHub, 'UserCreate', 'alice', '/GROUP:staff', ...texts);
  await refused(66, asHub, 'UserCreate', 'alice', '/GROUP:none', ...texts);
  await run(asHub, 'UserPasswordSet', 'alice', '/PASSWORD:secret');
  await run(asHub, 'UserPolicySet', 'alice', '/NAME:MaxUpload', '/VALUE:1000000');
  const users = await run(asHub, 'UserList');
  assert.deepEqual(column(users, 'Auth Method'), ['Password Authentication']);
  await run(asHub, 'UserGet', 'alice');
  const alice = await cloud.rpc('GetUser', { HubName_str: 'office', Name_str: 'alice' });
  assert.deepEqual([alice['GroupName_str'], alice['policy:MaxUpload_u32']], ['staff', 1_000_000]);
  await run(
    ...[asHub, 'AccessAdd', 'discard', '/MEMO:printers', '/PRIORITY:10', '/SRCUSERNAME:alice'],
    ...['/DESTUSERNAME:', '/SRCMAC:', '/DESTMAC:', '/SRCIP:0.0.0.0/0', '/DESTIP:10.9.0.0/16'],
    ...['/PROTOCOL:tcp', '/SRCPORT:', '/DESTPORT:9100-9107', '/TCPSTATE:'],
  );
  const [rule, ...others] = await run(asHub, 'AccessList');
  assert.deepEqual(others, []);
  assert.equal(rule?.get('Action'), 'Discard');
  assert.match(rule.get('Contents') ?? '', /DstIPv4=10\.9\.0\.0\/16.*DstPort=9100-9107/);
});

test('the packet log is switched on, after its levels were chosen and before', async () => {
  const saved = async (item: string) => properties(await run(asHub, 'LogGet')).get(item);
  assert.equal(await saved('Save Packet Log'), 'Disable');
  await run(asHub, 'LogPacketSaveType', '/TYPE:arp', '/SAVE:full');
  await run(asHub, 'LogEnable', 'packet');
  assert.equal(await saved('Save Packet Log'), 'Enable');
  assert.match((await saved('ARP Log')) ?? '', /Payloads/);
  await run(asHub, 'LogPacketSaveType', '/TYPE:udp', '/SAVE:header');
  assert.equal(await saved('UDP Log'), 'Header Only');
  await run(asHub, 'LogDisable', 'packet');
  assert.equal(await saved('Save Packet Log'), 'Disable');
});

test('a session is listed, looked at and ended', async () => {
  const client = cloud.dial('office', 'alice');
  const sessions = async () => column(await run(asHub, 'SessionList'), 'Session Name');
  let name = '';
  await eventually(async () => {
    name = (await sessions())[0] ?? '';
    return name === '' ? 'no session is listed' : undefined;
  }, 15_000);
  const session = properties(await run(asHub, 'SessionGet', name));
  assert.equal(session.get('User Name (Authentication)'), 'alice');
  assert.equal(session.get('User Name (Database)'), 'alice');
  await run(asHub, 'UserDelete', 'alice');
  await run(asHub, 'SessionDisconnect', name);
  await eventually(async () => {
    return (await sessions()).includes(name) ? `${name} is listed` : undefined;
  }, 15_000);
  await client.close();
});

test('entries for IPv6, and those that delay, are offered by vpncmd', async () => {
  const any = [
    '/SRCUSERNAME:',
    '/DESTUSERNAME:',
    '/SRCMAC:',
    '/DESTMAC:',
    '/SRCPORT:',
    '/DESTPORT:',
  ];
  const six = ['/SRCIP:2001:db8::/32', '/DESTIP:::/0', '/PROTOCOL:ip', '/TCPSTATE:', ...any];
  await run(asHub, 'AccessAdd6', 'pass', '/MEMO:six', '/PRIORITY:20', ...six);
  const slow = ['/DELAY:5', '/JITTER:1', '/LOSS:1', '/REDIRECTURL:'];
  await run(asHub, 'AccessAddEx6', 'pass', '/MEMO:slow', '/PRIORITY:21', ...six, ...slow);
  const rules = await run(asHub, 'AccessList');
  assert.deepEqual(column(rules, 'Memo'), ['printers', 'six', 'slow']);
  assert.match(rules[1]?.get('Contents') ?? '', /SrcIPv6=2001:db8::\/32/);
});

test('what the control plane has not is unsupported, and the connection stays', async () => {
  for (const args of [['Reboot', '/RESETCONFIG:no'], ['BridgeDeviceList'], ['RouterList']]) {
    await refused(33, asServer, ...args);
  }
});

test('a hub without a word about its type is a dynamic one', async () => {
  await run(asServer, 'HubCreate', 'plain', '/PASSWORD:none');
  const plain = (await run(asServer, 'HubList')).find(
    (row) => row.get('Virtual Hub Name') === 'plain',
  );
  assert.equal(plain?.get('Type'), 'Dynamic Hub');
});

test('a changed password counts at once, here and at a member’s own port', async () => {
  await run(asServer, 'ServerPasswordSet', 'another-pw');
  await refused(12, asServer, 'ServerInfoGet');
  const server = `127.0.0.1:${frontDoorPort + 1}`;
  await run({ ...asServer, server, password: 'another-pw' }, 'ServerInfoGet');
});
