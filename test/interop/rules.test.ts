import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { runIperf, startIperf, whyNoIperf } from '#test/bench/iperf-run.ts';
import type { ClientMode, GenuineClient } from '#test/netns/genuine-client.ts';
import type { RawStation } from '#test/netns/raw-station.ts';
import { broadcast, mac } from '#test/support/frames.ts';
import { arp, dhcpAck, ethernet, ip4, tagged, tcp, tcpFlags, udp } from '#test/support/packets.ts';
import { type Caller, frameLimitMs, Stage } from './stage.ts';

/** VLANs, and policies that nothing but frames can show, through genuine clients. */
const hub = 'RULES';
const vlan = 5;
const guardedPolicy = {
  'policy:DHCPForce_bool': true,
  'policy:NoServer_bool': true,
  'policy:CheckMac_bool': true,
  'policy:CheckIP_bool': true,
};
const uploadBps = 2_000_000;
const leased = '10.0.0.9';
/** Of the stations, beside those of the clients' adapters. */
const [trunkMac, farMac, guardedMac] = [mac(0x71), mac(0x72), mac(0x73)];

let stage: Stage;
let five: GenuineClient;
let alsoFive: GenuineClient;
let six: GenuineClient;
/** Stations behind clients in bridge mode, and behind the one with policies. */
let trunk: RawStation;
let far: RawStation;
let guarded: RawStation;
/** What the guarded client says again and again, numbered. */
let said = 0;

function caller(user: string, policy?: Caller['policy'], mode?: ClientMode): Caller {
  const credential = { kind: 'password', password: `pw-${user}` } as const;
  return { hub, user, credential, ...(policy && { policy }), ...(mode && { mode }) };
}

before(async () => {
  stage = await Stage.raise('efrule');
  await stage.createHub(hub, 'dynamic');
  const callers = [
    caller('five', { 'policy:VLanId_u32': vlan, 'policy:MaxUpload_u32': uploadBps }),
    caller('alsofive', { 'policy:VLanId_u32': vlan }),
    caller('six', { 'policy:VLanId_u32': 6 }),
    caller('trunk', undefined, { bridge: true }),
    caller('far', undefined, { bridge: true }),
    caller('guarded', guardedPolicy),
  ];
  for (const one of callers) await stage.createUser(one);
  const clients = await stage.connected(...callers);
  [five, alsoFive, six] = clients as [GenuineClient, GenuineClient, GenuineClient];
  const stations = await Promise.all(clients.slice(3).map((client) => client.rawStation()));
  [trunk, far, guarded] = stations as [RawStation, RawStation, RawStation];
});
after(() => stage?.lower());

const rpc = (method: string, params: object = {}) =>
  stage.cluster.rpc(method, { HubName_str: hub, ...params }, { hub, password: `pw-${hub}` });

/** What the guarded client sends; each frame is another, so that it can be told apart. */
function fromGuarded(protocol: number, part: Buffer, from = leased, source = guardedMac): Buffer {
  said += 1;
  const data = Buffer.concat([part, Buffer.from(`said ${said}`)]);
  return ethernet(trunkMac, source, 0x0800, ip4(data, { from, protocol }));
}

/** Whether the trunk hears it, by the time it hears what was said after it. */
async function passes(frame: Buffer): Promise<boolean> {
  const heard = trunk.heard.length;
  guarded.send(frame);
  const last = ethernet(broadcast, guardedMac, 0x9000, Buffer.from(`end of ${said}`.padEnd(50)));
  guarded.send(last);
  await trunk.has(last, frameLimitMs);
  return trunk.heard.slice(heard).some((one) => one.equals(frame));
}

test('frames with one tag and with two cross genuine clients that bridge, both ways', async () => {
  const ends = [
    [trunk, trunkMac, far, farMac],
    [far, farMac, trunk, trunkMac],
  ] as const;
  for (const [from, source, to, target] of ends) {
    const plain = ethernet(target, source, 0x0800, ip4(udp(1, 2, Buffer.alloc(60)), {}));
    for (const frame of [tagged(plain, 100), tagged(tagged(plain, 100), 200, 0x88a8)]) {
      from.send(frame);
      await to.has(frame, frameLimitMs);
    }
  }
});

test('VLanId: two clients reach each other, a third in another VLAN does not', async () => {
  await five.reaches(alsoFive.tapAddress, frameLimitMs);
  await alsoFive.reaches(five.tapAddress, frameLimitMs);
  assert.equal(await six.hears(five.tapAddress), false);
  assert.equal(await five.hears(six.tapAddress), false);
});

test('VLanId: a trunk hears the tag, and is heard without it', async () => {
  const tag = (frame: Buffer) => frame.readUInt32BE(12) === 0x8100_0000 + vlan;
  const who = trunk.heard.filter(tag).map((frame) => frame.subarray(6, 12).toString('hex'));
  assert.ok(new Set(who).size >= 2, 'both clients of the VLAN were heard, tagged');
  const before = await Promise.all([five.framesHeard(), six.framesHeard()]);
  const question = arp('10.0.0.77', five.tapAddress);
  for (let n = 0; n < 20; n += 1) {
    trunk.send(tagged(ethernet(broadcast, trunkMac, 0x0806, question), vlan));
  }
  await far.has(tagged(ethernet(broadcast, trunkMac, 0x0806, question), vlan), frameLimitMs);
  await alsoFive.reaches(five.tapAddress, frameLimitMs);
  const after = await Promise.all([five.framesHeard(), six.framesHeard()]);
  assert.ok((after[0] ?? 0) - (before[0] ?? 0) >= 20, 'in the VLAN');
  assert.ok((after[1] ?? 0) - (before[1] ?? 0) < 20, 'in another one');
});

test('DHCPForce: an address counts when a DHCP server has lent it', async () => {
  assert.equal(await passes(fromGuarded(17, udp(1, 2))), false, 'before');
  const ack = ethernet(broadcast, trunkMac, 0x0800, dhcpAck(leased, guardedMac));
  trunk.send(ack);
  await guarded.has(ack, frameLimitMs);
  assert.equal(await passes(fromGuarded(17, udp(1, 2))), true, 'after');
  assert.equal(await passes(fromGuarded(17, udp(1, 2), '10.0.0.10')), false, 'another');
});

test('NoServer: a connection is asked for and not answered', async () => {
  const segment = (flags: number) => fromGuarded(6, tcp({ flags }));
  assert.equal(await passes(segment(tcpFlags.syn)), true);
  assert.equal(await passes(segment(tcpFlags.syn | tcpFlags.ack)), false);
  assert.equal(await passes(segment(tcpFlags.ack)), true);
});

test('CheckMac and CheckIP: what is another’s cannot be taken over', async () => {
  const owned = '10.0.0.20';
  far.send(ethernet(broadcast, farMac, 0x0806, arp(owned)));
  await trunk.has(ethernet(broadcast, farMac, 0x0806, arp(owned)), frameLimitMs);
  assert.equal(await passes(fromGuarded(17, udp(1, 2), owned)), false);
  assert.equal(await passes(fromGuarded(17, udp(1, 2), leased, farMac)), false);
  assert.equal(await passes(fromGuarded(17, udp(1, 2))), true, 'its own');
});

test('the administrator of the hub sees who is where, and has a station forgotten', async () => {
  const [{ MacTable }, { IpTable }] = await Promise.all([rpc('EnumMacTable'), rpc('EnumIpTable')]);
  const list = MacTable as readonly Record<string, unknown>[];
  const rows = (who: string, field: string): unknown[] =>
    list.filter((row) => String(row['SessionName_str']).includes(who)).map((row) => row[field]);
  assert.ok(rows('ALSOFIVE', 'VlanId_u32').includes(vlan), JSON.stringify(list));
  assert.ok(rows('GUARDED', 'MacAddress_bin').includes(guardedMac.toString('base64')));
  const lent = (IpTable as readonly Record<string, unknown>[]).find(
    (row) => row['IpAddress_ip'] === leased,
  );
  assert.equal(lent?.['DhcpAllocated_bool'], true, JSON.stringify(IpTable));
  const row = list.find((one) => one['MacAddress_bin'] === guardedMac.toString('base64'));
  const named = { Key_u32: row?.['Key_u32'] };
  await rpc('DeleteMacTable', named);
  await assert.rejects(rpc('DeleteMacTable', named), { code: 29 });
});

test('MaxUpload: what one client sends is limited, what it hears is not', async (t) => {
  const obstacle = await whyNoIperf(five.host);
  if (obstacle !== undefined && !process.env['CI']) return t.skip(obstacle);
  assert.equal(obstacle, undefined);
  const offeredBps = 10_000_000;
  const seconds = 2;
  for (const client of [five, alsoFive]) await startIperf(client);
  const up = await runIperf([[five, alsoFive]], 'UDP 1400', seconds, offeredBps);
  const upBps = (up.bytes * 8) / seconds;
  assert.ok(upBps > 0.4 * uploadBps && upBps < 1.6 * uploadBps, `${upBps} bit/s up`);
  const down = await runIperf([[alsoFive, five]], 'UDP 1400', seconds, offeredBps);
  const downBps = (down.bytes * 8) / seconds;
  assert.ok(downBps > 2 * uploadBps, `${downBps} bit/s down`);
});
