import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { AccessRule } from '#node-agent/switch/hub-rules.ts';
import { broadcast, mac } from '#test/support/frames.ts';
import { arp, ethernet, ip4, ip6, ip6One, ip6Two, tcp, udp } from '#test/support/packets.ts';
import { discard, dns, four, passes, ping, web, web6, webSyn, webSynAck } from './access-bench.ts';
import { receiver, samples, sender } from './samples.ts';

const who = ethernet(broadcast, sender, 0x0806, arp('10.1.2.3', '10.1.2.4'));
/** As hosts send it that know of congestion notification (RFC 3168). */
const webSynEcn = four(tcp({ to: 80, flags: 0xc2 }), '10.1.2.3', '192.168.7.9', 6);
const fragment = ethernet(
  receiver,
  sender,
  0x0800,
  ip4(Buffer.alloc(40), { from: '10.1.2.3', protocol: 6, fragmentOffset: 100 }),
);

const ip = (address: string, mask: string) => ({ address, mask });
const all4 = 'ffffffff';
const all16 = 'f'.repeat(32);
const macMask = 'ffffffffffff';

/** Each field: what it matches, and the nearest it does not match. */
const fields: readonly {
  readonly what: string;
  readonly rule: Partial<AccessRule>;
  readonly matches: readonly Buffer[];
  readonly ignores: readonly Buffer[];
  readonly arpToo?: boolean;
}[] = [
  {
    what: 'no field: anything but ARP',
    rule: {},
    matches: [web, web6, ping, samples.other, samples.bpdu],
    ignores: [who],
  },
  {
    what: 'no field, with ApplyIPv4AccessListOnArpPacket: anything',
    rule: {},
    arpToo: true,
    matches: [web, web6, who],
    ignores: [],
  },
  {
    what: 'source 10.1.2.3',
    rule: { source: ip('0a010203', all4) },
    matches: [web, dns, ping, fragment],
    ignores: [four(tcp(), '10.1.2.2', '10.1.2.3', 6), web6, samples.other, who],
  },
  {
    what: 'source 10.1.2.3, ARP, too',
    rule: { source: ip('0a010203', all4) },
    arpToo: true,
    matches: [who, web],
    ignores: [ethernet(broadcast, sender, 0x0806, arp('0.0.0.0'))],
  },
  {
    what: 'destination 192.168.0.0/16',
    rule: { destination: ip('c0a80000', 'ffff0000') },
    matches: [web, dns],
    ignores: [four(tcp(), '192.168.1.1', '10.0.0.1', 6), web6],
  },
  {
    what: 'destination of ARP',
    rule: { destination: ip('0a010204', all4) },
    arpToo: true,
    matches: [who],
    ignores: [web],
  },
  {
    what: 'an address under a mask with holes',
    rule: { source: ip('0a000003', 'ff0000ff') },
    matches: [web],
    ignores: [four(tcp(), '10.1.2.4', '10.1.2.3', 6)],
  },
  {
    what: 'zeros for address and mask: any',
    rule: { source: ip('00000000', '00000000') },
    matches: [web, web6, samples.other],
    ignores: [],
  },
  {
    what: 'no address at all, and all addresses, which IP may speak for',
    rule: { source: ip('00000000', all4), destination: ip(all4, all4) },
    matches: [samples.dhcpRequest],
    ignores: [web],
  },
  {
    what: 'IPv4 addresses in whose network IPv6 and other frames are not',
    rule: { source: ip('00000000', '00000001') },
    matches: [four(tcp(), '10.1.2.4', '10.1.2.3', 6)],
    ignores: [web, web6, samples.other],
  },
  {
    what: 'an address under a mask of nothing: any IPv4, and nothing else',
    rule: { source: ip('0a010203', '00000000') },
    matches: [web, four(tcp(), '192.168.1.1', '10.1.2.3', 6)],
    ignores: [web6, samples.other],
  },
  {
    what: 'IPv6 addresses in whose network IPv4 is not',
    rule: { ipVersion: 6, source: ip('0'.repeat(32), `${'0'.repeat(31)}2`) },
    matches: [web6],
    ignores: [web, samples.other, who],
    arpToo: true,
  },
  {
    what: 'ARP for no address, and for all',
    rule: { source: ip('00000000', '00000000'), destination: ip('00000000', '00000000') },
    matches: [ethernet(broadcast, sender, 0x0806, arp('0.0.0.0'))],
    ignores: [],
    arpToo: true,
  },
  {
    what: '0.0.0.0/1, but not ARP that speaks for no address',
    rule: { source: ip('00000000', '80000000') },
    matches: [who, web],
    ignores: [ethernet(broadcast, sender, 0x0806, arp('0.0.0.0'))],
    arpToo: true,
  },
  {
    what: '128.0.0.0/1, but not ARP that speaks for all',
    rule: { source: ip('80000000', '80000000') },
    matches: [ethernet(broadcast, sender, 0x0806, arp('192.168.0.1'))],
    ignores: [ethernet(broadcast, sender, 0x0806, arp('255.255.255.255')), who],
    arpToo: true,
  },
  {
    what: 'IPv6 source',
    rule: { ipVersion: 6, source: ip(ip6One, all16) },
    matches: [web6],
    ignores: [web, ethernet(receiver, sender, 0x86dd, ip6(tcp(), { from: ip6Two, protocol: 6 }))],
  },
  {
    what: 'IPv6 source, which differs in one part only',
    rule: { ipVersion: 6, source: ip(ip6One, all16) },
    matches: [web6],
    ignores: [4, 8, 16, 24].map((digit) => {
      const from = `${ip6One.slice(0, digit)}7${ip6One.slice(digit + 1)}`;
      return ethernet(receiver, sender, 0x86dd, ip6(tcp(), { from, protocol: 6 }));
    }),
  },
  {
    what: 'IPv6 destination under a mask of the last bits',
    rule: { ipVersion: 6, destination: ip(ip6Two, `${'0'.repeat(31)}f`) },
    matches: [web6],
    ignores: [ethernet(receiver, sender, 0x86dd, ip6(tcp(), { to: ip6One, protocol: 6 })), web],
  },
  {
    what: 'protocol TCP',
    rule: { protocol: 6 },
    matches: [web, webSyn, fragment],
    ignores: [dns, ping, web6, samples.other],
  },
  {
    what: 'protocol TCP of IPv6',
    rule: { ipVersion: 6, protocol: 6 },
    matches: [web6],
    ignores: [web, samples.udp6],
  },
  {
    what: 'destination ports 80-88',
    rule: { destinationPorts: { first: 80, last: 88 } },
    matches: [web, webSyn],
    ignores: [dns, ping, web6, fragment, four(udp(80, 89), '10.1.2.3', '10.1.2.4', 17)],
  },
  {
    what: 'source ports 5000-5000, of UDP as well',
    rule: { sourcePorts: { first: 5_000, last: 5_000 } },
    matches: [dns],
    ignores: [web, four(udp(5_001, 5_000), '10.1.2.3', '10.1.2.4', 17)],
  },
  {
    what: 'ports 0-0 beside others: any',
    rule: { sourcePorts: { first: 0, last: 0 }, destinationPorts: { first: 53, last: 53 } },
    matches: [dns],
    ignores: [web],
  },
  {
    what: 'ports 0-100: what has no ports has none of them',
    rule: { destinationPorts: { first: 0, last: 100 } },
    matches: [web, dns],
    ignores: [ping, fragment, four(udp(80, 101), '10.1.2.3', '10.1.2.4', 17)],
  },
  {
    what: 'source MAC',
    rule: { sourceMac: ip(mac(1).toString('hex'), macMask) },
    matches: [web, samples.other],
    ignores: ['020000000009', '060000000001'].map((from) =>
      ethernet(receiver, Buffer.from(from, 'hex'), 0x88b5, Buffer.from('payload')),
    ),
  },
  {
    what: 'destination MAC under a mask of its maker',
    rule: { destinationMac: ip('020000ffffff', 'ffffff000000') },
    matches: [web],
    ignores: [samples.udp4Broadcast],
  },
  {
    what: 'source user',
    rule: { sourceUser: 'ALICE' },
    matches: [web, samples.other],
    ignores: [who],
  },
  { what: 'another source user', rule: { sourceUser: 'bob' }, matches: [], ignores: [web] },
  { what: 'source group by its name', rule: { sourceUser: 'sales' }, matches: [web], ignores: [] },
  { what: '@group', rule: { sourceUser: '@Sales' }, matches: [web], ignores: [] },
  { what: '@ and a user', rule: { sourceUser: '@alice' }, matches: [], ignores: [web] },
  { what: 'destination user', rule: { destinationUser: 'BOB' }, matches: [web], ignores: [who] },
  {
    what: 'destination group',
    rule: { destinationUser: '@support' },
    matches: [web],
    ignores: [],
  },
  {
    what: 'another destination user',
    rule: { destinationUser: 'alice' },
    matches: [],
    ignores: [web],
  },
  {
    what: 'opening TCP segments',
    rule: { tcpState: 'opening' },
    matches: [webSyn, webSynEcn],
    ignores: [web, webSynAck, dns, web6],
  },
  {
    what: 'established TCP segments',
    rule: { tcpState: 'established' },
    matches: [web, webSynAck],
    ignores: [webSyn, webSynEcn, dns, web6],
  },
];

describe('what an entry of the access list matches', () => {
  for (const { what, rule, matches, ignores, arpToo } of fields) {
    test(what, () => {
      for (const [i, frame] of matches.entries()) {
        assert.equal(passes(frame, [{ ...discard, ...rule }], arpToo), false, `matches ${i}`);
        assert.equal(passes(frame, []), true);
      }
      for (const [i, frame] of ignores.entries()) {
        assert.equal(passes(frame, [{ ...discard, ...rule }], arpToo), true, `ignores ${i}`);
      }
    });
  }

  test('a VLAN tag hides nothing', () => {
    const tag = Buffer.from('81000005', 'hex');
    const hidden = Buffer.concat([web.subarray(0, 12), tag, web.subarray(12)]);
    assert.equal(passes(hidden, [{ ...discard, protocol: 6 }]), false);
  });

  test('extension headers hide nothing', () => {
    const options = Buffer.from('0600010400000000', 'hex');
    const packet = ip6(Buffer.concat([options, tcp({ to: 80 })]), { protocol: 0 });
    const hidden = ethernet(receiver, sender, 0x86dd, packet);
    const rule: AccessRule = {
      ...discard,
      ipVersion: 6,
      destinationPorts: { first: 80, last: 80 },
    };
    assert.equal(passes(hidden, [rule]), false);
  });
});
