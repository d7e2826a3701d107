import assert from 'node:assert/strict';
import type { HubOptions } from '#shared/contract/hub-options.ts';
import type { Policy } from '#shared/wire/policy.ts';
import { sampleNames, samples } from '#test/node-agent/switch/samples.ts';
import { broadcast, frame, mac } from '#test/support/frames.ts';
import {
  arp,
  dhcp,
  ethernet,
  icmp,
  ip4,
  ip6,
  routerAdvertisement,
  tagged,
  tcp,
  tcpFlags,
  udp,
} from '#test/support/packets.ts';

/** The third has no policy, except that it may be in a VLAN: everybody reaches it. */
export const stationNames = ['sender', 'receiver', 'third'] as const;
export type StationName = (typeof stationNames)[number];

/** The addresses that `samples` have. */
export const stationMacs: Readonly<Record<StationName, Buffer>> = {
  sender: mac(1),
  receiver: mac(2),
  third: mac(3),
};
const { sender, receiver } = stationMacs;

/** A session's user, and how it logs in. */
export interface Who {
  readonly policy?: Partial<Policy>;
  readonly user?: string;
  readonly group?: string;
  /** Default: yes; a client in bridge mode may have many addresses. */
  readonly bridge?: boolean;
  readonly monitor?: boolean;
}

/** Something said, under a name by which it is known when it is heard. */
export interface Step {
  readonly name: string;
  readonly frame: Buffer;
  readonly from: StationName;
}

/** One hub with three sessions, and what is said there in turn. */
export interface Scenario {
  readonly name: string;
  readonly sender?: Who;
  readonly receiver?: Who;
  readonly third?: Who;
  readonly options?: Partial<HubOptions>;
  /** A genuine server's options that we do not have. */
  readonly genuineOptions?: Readonly<Record<string, number>>;
  /** As AddAccess takes them. */
  readonly access?: readonly object[];
  readonly steps: readonly Step[];
  /** Where we differ on purpose: `receiver: only genuine tagged`. */
  readonly differs?: Difference;
}

export interface Difference {
  readonly because: string;
  readonly heard: readonly string[];
}
export type Differences = Readonly<Record<string, Difference>>;

/** These scenarios, with what their names have in the table; an entry without one is an error. */
export function differing(scenarios: readonly Scenario[], table: Differences): Scenario[] {
  for (const name of Object.keys(table)) {
    assert.ok(
      scenarios.some((one) => one.name === name),
      `no scenario is named ${name}`,
    );
  }
  return scenarios.map((one) => {
    const differs = table[one.name];
    return differs === undefined ? one : { ...one, differs };
  });
}

export function said(name: string, bytes: Buffer, from: StationName = 'sender'): Step {
  return { name, frame: bytes, from };
}

/** An IPv4 packet from the sender to the receiver. */
export function packet4(payload: Buffer, protocol: number, more: object = {}): Buffer {
  return ethernet(receiver, sender, 0x0800, ip4(payload, { protocol, ...more }));
}

/** A UDP packet from this address. */
export const udpOf = (address: string, port = 2): Buffer =>
  packet4(udp(1, port), 17, { from: address });

/** So many steps, numbered. */
export function many(count: number, name: string, make: (n: number) => Buffer): Step[] {
  return Array.from({ length: count }, (_, n) => said(`${name} ${n}`, make(n)));
}

/** Another says it. */
export const by =
  (from: StationName) =>
  (step: Step): Step => ({ ...step, from });

const group4 = (last: string): Buffer => Buffer.from(`01005e0000${last}`, 'hex');
const group6 = Buffer.from('333300000016', 'hex');
const lldpBridges = Buffer.from('0180c200000e', 'hex');
const lease = dhcp({ opcode: 2, kind: 5, assigned: '10.0.0.77', client: mac(77) });
const toGroup = { protocol: 17, to: '224.0.0.251' };

/** Beside `samples`: what rules should not confuse with them. */
const others: Readonly<Record<string, Buffer>> = {
  igmp: ethernet(group4('01'), sender, 0x0800, ip4(Buffer.alloc(8, 1), { protocol: 2 })),
  multicastDns: ethernet(group4('fb'), sender, 0x0800, ip4(udp(5_353, 5_353), toGroup)),
  firstFragment: packet4(udp(5_000, 6_000, Buffer.alloc(64, 7)), 17, { fragmentOffset: 0x2000 }),
  laterFragment: packet4(Buffer.alloc(64, 8), 17, { fragmentOffset: 185 }),
  longest: packet4(udp(5_000, 6_001, Buffer.alloc(1_472, 9)), 17),
  dhcpAckToOne: packet4(udp(67, 68, lease), 17),
  dhcpRelay: packet4(udp(67, 67, dhcp()), 17),
  neighbourAdvertisement: ethernet(receiver, sender, 0x86dd, ip6(icmp(136, 24), { protocol: 58 })),
  routerAdvertisementToOne: ethernet(
    receiver,
    sender,
    0x86dd,
    ip6(routerAdvertisement(1_800), { protocol: 58 }),
  ),
  listenerReport: ethernet(group6, sender, 0x86dd, ip6(icmp(143, 28), { protocol: 58 })),
  tcp4Reset: packet4(tcp({ flags: tcpFlags.rst }), 6),
  tcp4End: packet4(tcp({ flags: tcpFlags.fin | tcpFlags.ack }), 6),
  gre: packet4(Buffer.alloc(30, 4), 47),
  esp: packet4(Buffer.alloc(30, 5), 50),
  lldp: ethernet(lldpBridges, sender, 0x88cc, Buffer.alloc(40, 3)),
  rarp: ethernet(broadcast, sender, 0x8035, arp('10.0.0.1')),
  tagged: tagged(packet4(udp(7, 7, Buffer.from('tag')), 17), 9),
  toNobody: frame(mac(9), sender, 'where are you?'),
};

/** One frame of every kind any rule tells apart: to one, to all, to nobody known. */
export const everyKind: readonly Step[] = [
  ...sampleNames.map((name) => said(name, samples[name])),
  ...Object.entries(others).map(([name, bytes]) => said(name, bytes)),
];

/** What the third hears of them: what goes to all, and what finds nobody in its VLAN. */
export const flooded: readonly Step[] = everyKind.filter(
  ({ name, frame: [first = 0] }) => first % 2 === 1 || name === 'toNobody' || name === 'tagged',
);
