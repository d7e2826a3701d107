import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { DropReason } from '#node-agent/switch/drop-reason.ts';
import { type HubOptions, plainHubOptions } from '#node-agent/switch/hub-rules.ts';
import { defaultPolicy, type Policy } from '#shared/wire/policy.ts';
import { broadcast, frame, mac } from '#test/support/frames.ts';
import {
  ethernet,
  ip4 as packet4,
  ip6 as packet6,
  tagged,
  tcp,
  tcpFlags,
  udp,
} from '#test/support/packets.ts';
import { HubBench, type Station } from './hub-bench.ts';
import { receiver, type SampleName, sampleNames, samples, sender } from './samples.ts';

const policy = (given: Partial<Policy>): Policy => ({ ...defaultPolicy, ...given });

/** Where a rule stands: with the sender, with the receiver, with the hub. */
type Place = 'sender' | 'receiver' | 'hub';

interface Case {
  readonly place: Place;
  readonly rule: Partial<Policy> | Partial<HubOptions>;
  readonly reason: DropReason;
  /** All samples it drops; every other one must pass. */
  readonly drops: readonly SampleName[];
}

const ip4: readonly SampleName[] = [
  'tcp4',
  'tcp4Syn',
  'tcp4SynAck',
  'udp4',
  'udp4Broadcast',
  'icmp4',
  'ospf',
  'arpRequest',
  'arpReply',
  'dhcpRequest',
  'dhcpReply',
];
const nonIp: readonly SampleName[] = ['pppoe', 'bpdu', 'other', 'otherBroadcast'];
const ip6 = sampleNames.filter((name) => !ip4.includes(name) && !nonIp.includes(name));
const chatter: readonly SampleName[] = ['udp4Broadcast', 'otherBroadcast', 'bpdu'];
const dhcp4: readonly SampleName[] = ['dhcpRequest', 'dhcpReply'];
const dhcp6: readonly SampleName[] = ['dhcp6Request', 'dhcp6Reply'];
const router: readonly SampleName[] = ['routerSolicitation', 'routerAdvertisement'];

/** protocol/06 §4 and §4b, row by row. */
const cases: readonly Case[] = [
  { place: 'sender', rule: { noServer: true }, reason: 'no-server', drops: ['tcp4SynAck'] },
  { place: 'sender', rule: { noServerV6: true }, reason: 'no-server', drops: ['tcp6SynAck'] },
  {
    place: 'sender',
    rule: { dhcpNoServer: true },
    reason: 'dhcp-no-server',
    drops: ['dhcpReply'],
  },
  {
    place: 'sender',
    rule: { dhcpV6NoServer: true },
    reason: 'dhcp-no-server',
    drops: ['dhcp6Reply'],
  },
  {
    place: 'sender',
    rule: { raFilter: true },
    reason: 'router-filter',
    drops: ['routerAdvertisement'],
  },
  ...(['sender', 'receiver'] as const).flatMap((place): Case[] => [
    { place, rule: { arpDhcpOnly: true }, reason: 'arp-dhcp-only', drops: chatter },
    { place, rule: { filterIpV4: true }, reason: 'filter-ipv4', drops: ip4 },
    { place, rule: { filterIpV6: true }, reason: 'filter-ipv6', drops: ip6 },
    { place, rule: { filterNonIp: true }, reason: 'filter-non-ip', drops: nonIp },
    { place, rule: { dhcpFilter: true }, reason: 'dhcp-filter', drops: dhcp4 },
    { place, rule: { dhcpV6Filter: true }, reason: 'dhcp-filter', drops: dhcp6 },
    { place, rule: { rsAndRaFilter: true }, reason: 'router-filter', drops: router },
  ]),
  { place: 'hub', rule: { filterIpV4: true }, reason: 'filter-ipv4', drops: ip4 },
  { place: 'hub', rule: { filterIpV6: true }, reason: 'filter-ipv6', drops: ip6 },
  { place: 'hub', rule: { filterNonIp: true }, reason: 'filter-non-ip', drops: nonIp },
  { place: 'hub', rule: { filterPppoe: true }, reason: 'filter-pppoe', drops: ['pppoe'] },
  { place: 'hub', rule: { filterOspf: true }, reason: 'filter-ospf', drops: ['ospf'] },
  { place: 'hub', rule: { filterBpdu: true }, reason: 'filter-bpdu', drops: ['bpdu'] },
];

/** A sender and a receiver that know each other, under one rule. */
function underRule(place: Place, rule: Case['rule']): [HubBench, Station, Station] {
  const options = { ...plainHubOptions, ...(place === 'hub' ? rule : {}) };
  const bench = new HubBench({}, { rules: { options } });
  const own = (at: Place): Policy => policy(place === at ? (rule as Partial<Policy>) : {});
  const from = bench.plug('sender', { policy: own('sender') });
  const to = bench.plug('receiver', { policy: own('receiver') });
  return [bench, from, to];
}

describe('what policies and filters drop, and what they let pass', () => {
  for (const { place, rule, reason, drops } of cases) {
    const [name] = Object.keys(rule);
    test(`${name} of the ${place}: ${drops.join(', ')}`, () => {
      for (const sample of sampleNames) {
        const [bench, from, to] = underRule(place, rule);
        from.send(samples[sample]);
        const dropped = drops.includes(sample);
        assert.equal(to.frames.length, dropped ? 0 : 1, sample);
        assert.deepEqual(bench.hub.drops.nonZero(), dropped ? { [reason]: 1 } : {}, sample);
      }
    });
  }

  test('without any rule every sample passes', () => {
    for (const sample of sampleNames) {
      const [bench, from, to] = underRule('hub', {});
      from.send(samples[sample]);
      assert.deepEqual(to.frames, [samples[sample]]);
      assert.deepEqual(bench.hub.drops.nonZero(), {});
    }
  });

  test('DHCPv6NoServer: replies are known by either port', () => {
    const [bench, from, to] = underRule('sender', { dhcpV6NoServer: true });
    const between = (source: number, target: number): Buffer =>
      ethernet(receiver, sender, 0x86dd, packet6(udp(source, target), { protocol: 17 }));
    for (const reply of [between(1_000, 546), between(547, 1_000)]) from.send(reply);
    assert.deepEqual(bench.hub.drops.nonZero(), { 'dhcp-no-server': 2 });
    for (const other of [between(546, 547), between(1_000, 547)]) from.send(other);
    assert.equal(to.frames.length, 2);
  });

  test('NoServer, NoServerV6: accepting with congestion notification is accepting', () => {
    const accepting = tcp({ flags: tcpFlags.syn | tcpFlags.ack | 0x40 });
    for (const [rule, type, packet] of [
      [{ noServer: true }, 0x0800, packet4(accepting, { protocol: 6 })],
      [{ noServerV6: true }, 0x86dd, packet6(accepting, { protocol: 6 })],
    ] as const) {
      const [bench, from] = underRule('sender', rule);
      from.send(ethernet(receiver, sender, type, packet));
      assert.deepEqual(bench.hub.drops.nonZero(), { 'no-server': 1 });
    }
  });

  test('FilterOSPF lets other protocols pass, FilterPPPoE drops discovery, too', () => {
    const tunnel = ethernet(receiver, sender, 0x0800, packet4(Buffer.alloc(8), { protocol: 47 }));
    const [, from, to] = underRule('hub', { filterOspf: true });
    from.send(tunnel);
    assert.deepEqual(to.frames, [tunnel]);
    const [bench, asking] = underRule('hub', { filterPppoe: true });
    asking.send(ethernet(broadcast, sender, 0x8863, Buffer.alloc(20)));
    assert.deepEqual(bench.hub.drops.nonZero(), { 'filter-pppoe': 1 });
  });

  test('a rule that is taken back no longer drops; one that is added does', () => {
    const [bench, from, to] = underRule('hub', { filterOspf: true });
    from.send(samples.ospf);
    bench.hub.configure({});
    from.send(samples.ospf);
    bench.hub.configure({ options: { ...plainHubOptions, filterOspf: true } });
    from.send(samples.ospf);
    assert.equal(to.frames.length, 1);
    assert.equal(bench.hub.drops.of('filter-ospf'), 2);
  });

  test('CheckMac: an address used elsewhere within 13 s is not taken over', () => {
    for (const [checkMac, afterMs, heard] of [
      [true, 13_000, 0],
      [true, 13_001, 1],
      [false, 0, 1],
    ] as const) {
      const bench = new HubBench();
      const [a, b] = [bench.plug('a'), bench.plug('b', { policy: policy({ checkMac }) })];
      const c = bench.plug('c');
      a.send(frame(broadcast, mac(1), 'mine'));
      bench.time.advance(afterMs);
      b.send(frame(receiver, mac(1), 'mine, too'));
      assert.equal(c.received.length - 1, heard, `checkMac ${checkMac} after ${afterMs} ms`);
      assert.equal(bench.hub.drops.of('mac-conflict'), 1 - heard);
    }
  });

  test('CheckMac: its own addresses it may use in turn', () => {
    const bench = new HubBench();
    const a = bench.plug('a', { policy: policy({ checkMac: true }) });
    const b = bench.plug('b');
    for (const n of [1, 2, 1, 2, 1]) a.send(frame(broadcast, mac(n)));
    assert.equal(b.received.length, 5);
    assert.deepEqual(bench.hub.drops.nonZero(), {});
  });

  test('NoBridge: the priority in a VLAN tag makes no other station', () => {
    const bench = new HubBench();
    const limited = bench.plug('limited', { policy: policy({ noBridge: true }) });
    const other = bench.plug('other');
    for (let priority = 0; priority < 8; priority++) {
      limited.send(tagged(frame(broadcast, mac(1)), (priority << 13) | 5));
    }
    assert.equal(other.frames.length, 8);
    assert.equal(bench.hub.macEntries, 1);
  });

  for (const [what, given, sources, heard] of [
    ['NoBridge', { noBridge: true }, 5, 3],
    ['MaxMac 4', { maxMac: 4 }, 5, 4],
    ['MaxMac 1, which is below the least', { maxMac: 1 }, 5, 3],
    ['MaxMac 4 and NoBridge', { maxMac: 4, noBridge: true }, 5, 3],
    ['no limit', {}, 5, 5],
  ] as const) {
    test(`${what}: ${heard} of ${sources} MAC addresses`, () => {
      const bench = new HubBench();
      const limited = bench.plug('limited', { policy: policy(given) });
      const other = bench.plug('other');
      for (let n = 1; n <= sources; n++) limited.send(frame(broadcast, mac(n)));
      assert.equal(other.received.length, heard);
      assert.equal(bench.hub.drops.of('mac-limit'), sources - heard);
    });
  }
});
