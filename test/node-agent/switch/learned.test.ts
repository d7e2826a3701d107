import assert from 'node:assert/strict';
import { test } from 'node:test';
import { plainHubOptions } from '#node-agent/switch/hub-rules.ts';
import { ipEntriesMax } from '#node-agent/switch/ip-table.ts';
import type { LearnedAddress } from '#node-agent/switch/learned.ts';
import { broadcast, frame, mac } from '#test/support/frames.ts';
import { arp, ethernet, ip4, ip6, tagged, udp } from '#test/support/packets.ts';
import { HubBench } from './hub-bench.ts';

const texts = (list: Iterable<LearnedAddress>): string[] => [...list].map(({ text }) => text);

test('stations are listed by address, VLAN and attachment, those seen last first', () => {
  const bench = new HubBench();
  const [a, b] = [bench.plug('a'), bench.plug('b')];
  bench.time.advance(1_000);
  a.send(frame(broadcast, mac(1), ''));
  bench.time.advance(2_000);
  b.send(tagged(frame(broadcast, mac(2), ''), 5));
  bench.time.advance(2_000);
  a.send(frame(broadcast, mac(1), ''));
  const [first, second] = [...bench.hub.learned('mac').latest()];
  const zero = bench.time.monotonicMs() - 5_000;
  assert(first && second);
  const { key: _key, ...one } = first;
  const text = [...mac(1)].map((byte) => byte.toString(16).padStart(2, '0')).join(':');
  const times = { createdMs: zero + 1_000, seenMs: zero + 5_000 };
  assert.deepEqual(one, { text, vlanId: 0, owner: 'a', leased: false, ...times });
  assert.deepEqual([second.vlanId, second.owner], [5, 'b']);
  assert.equal(bench.hub.learned('mac').size, 2);
});

test('a station that moves begins anew; one unseen for ten minutes is not listed', () => {
  const bench = new HubBench();
  const [a, b] = [bench.plug('a'), bench.plug('b')];
  a.send(frame(broadcast, mac(1), ''));
  bench.time.advance(5_000);
  b.send(frame(broadcast, mac(1), ''));
  const [moved] = [...bench.hub.learned('mac').latest()];
  assert.deepEqual([moved?.owner, moved?.createdMs], ['b', bench.time.monotonicMs()]);
  bench.time.advance(600_000);
  assert.deepEqual([...bench.hub.learned('mac').latest()], []);
});

test('a station that is forgotten is flooded to again, and learned again', () => {
  const bench = new HubBench();
  const [a, b, c] = [bench.plug('a'), bench.plug('b'), bench.plug('c')];
  a.send(frame(broadcast, mac(1), 'here I am'));
  b.send(frame(broadcast, mac(2), 'and I'));
  const learned = bench.hub.learned('mac');
  const key = [...learned.latest()].find(({ owner }) => owner === 'a')?.key ?? 0;
  b.send(frame(mac(1), mac(2), 'unicast'));
  assert.ok(!c.received.includes('unicast'));
  for (const other of [key ^ 0x8000_0000, key ^ 0x1_0000, key ^ 1, 0xffff_ffff]) {
    assert.equal(learned.forget(other >>> 0), false, `${other}`);
  }
  assert.equal(learned.forget(key), true);
  assert.equal(learned.forget(key), false);
  b.send(frame(mac(1), mac(2), 'flooded'));
  assert.ok(c.received.includes('flooded'));
  a.send(frame(mac(2), mac(1), 'again'));
  assert.equal(learned.size, 2);
  assert.deepEqual(bench.hub.consistencyCheck(), []);
});

test('an IPv4 address belongs to its VLAN; IPv6 addresses are of all', () => {
  const bench = new HubBench();
  const a = bench.plug('a');
  const packet = (content: Buffer, type: number) => ethernet(broadcast, mac(1), type, content);
  a.send(tagged(packet(ip4(Buffer.alloc(8), { from: '10.0.0.7' }), 0x0800), 5));
  a.send(tagged(packet(ip6(Buffer.alloc(8)), 0x86dd), 5));
  const vlans = [...bench.hub.learned('ip').latest()].map(({ vlanId }) => vlanId);
  assert.deepEqual(vlans, [5, 0]);
});

test('a full table of IP addresses forgets the one unseen longest', () => {
  const bench = new HubBench();
  const a = bench.plug('a');
  const one = ethernet(broadcast, mac(1), 0x0806, arp('10.0.0.0'));
  for (let n = 1; n <= ipEntriesMax + 1; n += 1) {
    one.writeUInt32BE(0x0a00_0000 + n, 14 + 14);
    a.send(one);
  }
  const learned = bench.hub.learned('ip');
  assert.equal(learned.size, ipEntriesMax);
  const all = new Set(texts(learned.latest()));
  assert.deepEqual(
    [all.has('10.0.0.1'), all.has('10.0.0.2'), all.has('10.1.0.1')],
    [false, true, true],
  );
});

test('an IPv6 address that another uses from now on is the other’s', () => {
  const bench = new HubBench();
  const [a, b] = [bench.plug('a'), bench.plug('b')];
  for (const [station, n] of [
    [a, 1],
    [b, 2],
  ] as const) {
    station.send(ethernet(broadcast, mac(n), 0x86dd, ip6(Buffer.alloc(8))));
  }
  const owners = [...bench.hub.learned('ip').latest()].map(({ owner }) => owner);
  assert.deepEqual(owners, ['b']);
});

test('UDP speaks for its address, unless it is DHCP; a piece of it does, too', () => {
  const bench = new HubBench();
  const a = bench.plug('a');
  const say = (from: string, part: Buffer) =>
    a.send(ethernet(broadcast, mac(1), 0x0800, ip4(part, { from, protocol: 17 })));
  say('10.0.0.1', udp(5_000, 53));
  say('10.0.0.2', udp(68, 67).subarray(0, 7));
  for (const [source, target] of [
    [68, 67],
    [67, 68],
  ] as const) {
    say('10.0.0.3', udp(source, target));
  }
  assert.deepEqual(texts(bench.hub.learned('ip').latest()), ['10.0.0.2', '10.0.0.1']);
});

test('nobody’s addresses are not learned', () => {
  const options = { ...plainHubOptions, manageOnlyLocalUnicastIpV6: false };
  const bench = new HubBench(
    {},
    { rules: { options: { ...options, manageOnlyPrivateIp: false } } },
  );
  const a = bench.plug('a');
  const packet = (content: Buffer, type: number) => ethernet(broadcast, mac(1), type, content);
  const nobody6 = '0'.repeat(32);
  for (const from of [nobody6, `${nobody6.slice(1)}1`, `ff02${'0'.repeat(27)}1`]) {
    a.send(packet(ip6(Buffer.alloc(8), { from }), 0x86dd));
  }
  for (const from of ['0.0.0.0', '255.255.255.255']) {
    a.send(packet(ip4(Buffer.alloc(8), { from }), 0x0800));
    a.send(packet(arp(from), 0x0806));
  }
  const ofAnotherProtocol = arp('10.0.0.9');
  ofAnotherProtocol.writeUInt16BE(0x8137, 2);
  a.send(packet(ofAnotherProtocol, 0x0806));
  a.send(packet(arp('10.0.0.9').subarray(0, 16), 0x0806));
  assert.deepEqual(texts(bench.hub.learned('ip').latest()), []);
});

test('IP addresses of both kinds are listed and forgotten, each under a key of its own', () => {
  const bench = new HubBench();
  const a = bench.plug('a');
  const packet = (content: Buffer, type: number) => ethernet(broadcast, mac(1), type, content);
  a.send(packet(ip4(Buffer.alloc(8), { from: '10.0.0.7' }), 0x0800));
  a.send(packet(ip6(Buffer.alloc(8)), 0x86dd));
  const learned = bench.hub.learned('ip');
  const expected = ['10.0.0.7', 'fe80:0000:0000:0000:0000:0000:0000:0001'];
  assert.deepEqual(texts(learned.latest()), expected);
  const [four, six] = [...learned.latest()];
  assert(four && six);
  assert.equal(learned.forget(six.key), true);
  assert.deepEqual(texts(learned.latest()), ['10.0.0.7']);
  a.send(packet(ip6(Buffer.alloc(8)), 0x86dd));
  assert.equal(learned.forget(four.key), true);
  assert.equal(learned.size, 1);
  bench.hub.configure({ options: { ...plainHubOptions, noIpTable: true } });
  assert.deepEqual(texts(bench.hub.learned('ip').latest()), []);
});
