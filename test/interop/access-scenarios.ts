import { broadcast } from '#test/support/frames.ts';
import { ip6One, ip6Two } from '#test/support/packets.ts';
import {
  type Differences,
  differing,
  everyKind,
  flooded,
  type Scenario,
  stationMacs,
  type Who,
} from './hub-scenario.ts';

type Fields = Readonly<Record<string, unknown>>;
interface More {
  readonly sender?: Who;
  readonly receiver?: Who;
  readonly options?: NonNullable<Scenario['options']>;
}

/** A genuine server counts rules by their protocols: who leaves one out, loses a rule. */
const discard = (fields: Fields): Fields => ({
  Active_bool: true,
  Priority_u32: 10,
  Protocol_u32: 0,
  Discard_bool: true,
  ...fields,
});
const pass = (fields: Fields): Fields => discard({ Discard_bool: false, ...fields });
const base64 = (hex: string): string => Buffer.from(hex, 'hex').toString('base64');
const only = '255.255.255.255';
const mac = (side: 'Src' | 'Dst', address: Buffer, mask: Buffer): Fields => ({
  [`Check${side}Mac_bool`]: true,
  [`${side}MacAddress_bin`]: address.toString('base64'),
  [`${side}MacMask_bin`]: mask.toString('base64'),
});
const groupBit = Buffer.from('010000000000', 'hex');
const ofSix = { IsIPv6_bool: true };
const ofUdp = { Protocol_u32: 17 };
const onArp = { options: { applyIpV4AccessListOnArpPacket: true } };
const sales = { group: 'sales' };

function list(name: string, access: readonly Fields[], more: More = {}): Scenario {
  return { name: `access list: ${name}`, access, steps: everyKind, ...more };
}

const fromOne = { SrcIpAddress_ip: '10.0.0.1', SrcSubnetMask_ip: only };
const toTwo = { DestIpAddress_ip: '10.0.0.2', DestSubnetMask_ip: only };

const scenarios: readonly Scenario[] = [
  list('everything', [discard({})]),
  list('everything of IPv6', [discard(ofSix)]),
  list('a rule that is not active', [discard({ Active_bool: false })]),
  list('everything, and ARP as IPv4', [discard({})], onArp),
  list('source address', [discard(fromOne)]),
  list('source address, and ARP as IPv4', [discard(fromOne)], onArp),
  list('destination address, and ARP as IPv4', [discard(toTwo)], onArp),
  list('source network', [discard({ SrcIpAddress_ip: '10.0.0.0', SrcSubnetMask_ip: '255.0.0.0' })]),
  list('source address with a mask of nothing', [
    discard({ SrcIpAddress_ip: '10.0.0.0', SrcSubnetMask_ip: '0.0.0.0' }),
  ]),
  list('source address of IPv6', [
    discard({
      ...ofSix,
      SrcIpAddress6_bin: base64(ip6One),
      SrcSubnetMask6_bin: base64('f'.repeat(32)),
    }),
  ]),
  list('destination network of IPv6', [
    discard({
      ...ofSix,
      DestIpAddress6_bin: base64(ip6Two),
      DestSubnetMask6_bin: base64(`ffff${'0'.repeat(28)}`),
    }),
  ]),
  ...[1, 2, 6, 17, 89].map((Protocol_u32) =>
    list(`protocol ${Protocol_u32}`, [discard({ Protocol_u32 })]),
  ),
  ...[1, 6, 17, 58].map((Protocol_u32) =>
    list(`protocol ${Protocol_u32} of IPv6`, [discard({ ...ofSix, Protocol_u32 })]),
  ),
  list('destination port', [discard({ ...ofUdp, DestPortStart_u32: 53, DestPortEnd_u32: 53 })]),
  list('destination port without an end', [discard({ ...ofUdp, DestPortStart_u32: 53 })]),
  list('destination ports from 0 on', [
    discard({ ...ofUdp, DestPortStart_u32: 0, DestPortEnd_u32: 100 }),
  ]),
  list('destination ports of TCP', [
    discard({ Protocol_u32: 6, DestPortStart_u32: 80, DestPortEnd_u32: 81 }),
  ]),
  list('destination ports of any protocol', [
    discard({ DestPortStart_u32: 53, DestPortEnd_u32: 80 }),
  ]),
  list('source ports', [discard({ ...ofUdp, SrcPortStart_u32: 5_000, SrcPortEnd_u32: 5_400 })]),
  list('destination port of IPv6', [
    discard({ ...ofSix, ...ofUdp, DestPortStart_u32: 53, DestPortEnd_u32: 53 }),
  ]),
  ...[true, false].flatMap((Established_bool) =>
    [false, true].map((IsIPv6_bool) =>
      list(`TCP ${Established_bool ? 'established' : 'opening'}${IsIPv6_bool ? ' of IPv6' : ''}`, [
        discard({ IsIPv6_bool, Protocol_u32: 6, CheckTcpState_bool: true, Established_bool }),
      ]),
    ),
  ),
  list('source MAC address', [discard(mac('Src', stationMacs.sender, Buffer.alloc(6, 0xff)))]),
  list('destination MAC address', [discard(mac('Dst', broadcast, Buffer.alloc(6, 0xff)))]),
  list('destination MAC address of any group', [discard(mac('Dst', groupBit, groupBit))]),
  list('source MAC address with a mask of nothing', [
    discard(mac('Src', stationMacs.third, Buffer.alloc(6))),
  ]),
  list('user of the sender', [discard({ SrcUsername_str: 'SENDER' })]),
  list('user of somebody else', [discard({ SrcUsername_str: 'receiver' })]),
  list('user of the receiver', [discard({ DestUsername_str: 'receiver' })]),
  list('group of the sender', [discard({ SrcUsername_str: 'sales' })], { sender: sales }),
  list('group of the receiver', [discard({ DestUsername_str: 'Sales' })], { receiver: sales }),
  list('@group', [discard({ SrcUsername_str: '@sales' })], { sender: sales }),
  list('@group of somebody else', [discard({ SrcUsername_str: '@sales' })]),
  list('user named as an address', [discard({ SrcUsername_str: 'alice@example.com' })], {
    sender: { user: 'alice@example.com' },
  }),
  list('first part of an address', [discard({ SrcUsername_str: 'alice' })], {
    sender: { user: 'alice@example.com' },
  }),
  list('one protocol passes, nothing else', [
    pass({ Protocol_u32: 6, Priority_u32: 11 }),
    discard({ Priority_u32: 12 }),
  ]),
  list('the lower number comes first, wherever it is in the list', [
    discard({ Priority_u32: 15 }),
    pass({ Protocol_u32: 6, Priority_u32: 11 }),
  ]),
  list('of one priority: discard, then pass', [
    discard({ Protocol_u32: 17 }),
    pass({ Protocol_u32: 17 }),
  ]),
  list('of one priority: pass, then discard', [
    pass({ Protocol_u32: 17 }),
    discard({ Protocol_u32: 17 }),
  ]),
  list('one receiver may hear, nobody else', [
    pass({ DestUsername_str: 'receiver', Priority_u32: 11 }),
    discard({ Priority_u32: 12 }),
  ]),
  list('loses everything of a protocol', [pass({ Protocol_u32: 17, Loss_u32: 100 })]),
];

/** A list without {@link onArp} leaves ARP alone. */
const everythingButArp = [
  ...everyKind.map(({ name }) => `receiver: only ours ${name}`),
  ...flooded.map(({ name }) => `third: only ours ${name}`),
].filter((line) => !line.includes(' arp'));
const tags = 'nothing hides behind a VLAN tag';
const behindTag = {
  because: tags,
  heard: ['receiver: only genuine tagged', 'third: only genuine tagged'],
};
/** By name; ADR 0027 has the reasons. */
const differences: Differences = {
  'access list: source address': behindTag,
  'access list: source address, and ARP as IPv4': behindTag,
  'access list: destination address, and ARP as IPv4': behindTag,
  'access list: source network': behindTag,
  'access list: source address with a mask of nothing': behindTag,
  'access list: protocol 17': behindTag,
  'access list: destination ports from 0 on': behindTag,
  'access list: loses everything of a protocol': behindTag,
  'access list: source MAC address': {
    because: 'a genuine hub takes a bridge’s identifier for the address a BPDU came from',
    heard: ['receiver: only genuine bpdu', 'third: only genuine bpdu'],
  },
  'access list: first part of an address': {
    because: 'names are compared whole',
    heard: everythingButArp,
  },
  'access list: @group of somebody else': {
    because: 'a genuine hub sees no name before the @, and takes that for everybody',
    heard: everythingButArp,
  },
};

/** Every kind of frame under access lists: each field, alone, and lists of several rules. */
export const accessScenarios = differing(scenarios, differences);
