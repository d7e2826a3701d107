import type { DropReason } from './drop-reason.ts';
import { isDhcpPort, isDhcpReply } from './parse/dhcp.ts';
import { etherType } from './parse/ethernet.ts';
import { ipProtocol, type Packet, tcpFlag } from './parse/packet.ts';

/**
 * What a frame is, as far as any policy or filter asks: a set of bits. A policy is a set of bits,
 * too, and drops the frame if they have one in common.
 */
export const frameClass = {
  malformed: 1 << 0,
  ip4: 1 << 1,
  ip6: 1 << 2,
  nonIp: 1 << 3,
  tcpAccept4: 1 << 4,
  tcpAccept6: 1 << 5,
  /** A broadcast or multicast frame that is neither ARP, DHCP nor ICMPv6. */
  chatter: 1 << 6,
  dhcp4: 1 << 7,
  dhcp4Reply: 1 << 8,
  dhcp6: 1 << 9,
  dhcp6Reply: 1 << 10,
  routerSolicitation: 1 << 11,
  routerAdvertisement: 1 << 12,
  pppoe: 1 << 13,
  ospf: 1 << 14,
  bpdu: 1 << 15,
  arp: 1 << 16,
  /** Never counted by a rate limit (protocol/06 §5). */
  urgent: 1 << 17,
} as const;

type FrameClass = keyof typeof frameClass;

/** Under which reason a frame of a class is dropped. */
const reasons: readonly (readonly [FrameClass, DropReason])[] = [
  ['malformed', 'malformed'],
  ['tcpAccept4', 'no-server'],
  ['tcpAccept6', 'no-server'],
  ['chatter', 'arp-dhcp-only'],
  ['ip4', 'filter-ipv4'],
  ['ip6', 'filter-ipv6'],
  ['nonIp', 'filter-non-ip'],
  ['dhcp4', 'dhcp-filter'],
  ['dhcp6', 'dhcp-filter'],
  ['dhcp4Reply', 'dhcp-no-server'],
  ['dhcp6Reply', 'dhcp-no-server'],
  ['routerSolicitation', 'router-filter'],
  ['routerAdvertisement', 'router-filter'],
  ['pppoe', 'filter-pppoe'],
  ['ospf', 'filter-ospf'],
  ['bpdu', 'filter-bpdu'],
];

/** The reason for a drop by these bits, of which at least one is set. */
export function reasonOf(bits: number): DropReason {
  for (const [name, reason] of reasons) {
    if ((bits & frameClass[name]) !== 0) return reason;
  }
  return 'malformed';
}

const tcpOpensOrEnds = tcpFlag.syn | tcpFlag.fin | tcpFlag.rst;
const tcpAccepts = tcpFlag.syn | tcpFlag.ack;
const dhcp6Client = 546;
const dhcp6Server = 547;
const routerSolicitation = 133;
const routerAdvertisement = 134;

/** The classes of a packet that was read. */
export function classesOf(packet: Packet): number {
  let bits = packet.malformed ? frameClass.malformed : 0;
  const { type } = packet;
  if (type === etherType.ip4) bits |= frameClass.ip4 | ip4Classes(packet);
  else if (type === etherType.arp) bits |= frameClass.ip4 | frameClass.arp | frameClass.urgent;
  else if (type === etherType.ip6) bits |= frameClass.ip6 | ip6Classes(packet);
  else if (type === etherType.pppoeDiscovery || type === etherType.pppoeSession) {
    bits |= frameClass.pppoe;
  } else if (packet.isBpdu) bits |= frameClass.bpdu;
  if (!isIpType(packet.outerType)) bits |= frameClass.nonIp;
  const quiet = frameClass.arp | frameClass.dhcp4 | frameClass.dhcp6;
  if (packet.toGroup && (bits & quiet) === 0 && packet.transport !== 'icmp6') {
    bits |= frameClass.chatter;
  }
  return bits;
}

function isIpType(type: number): boolean {
  return type === etherType.ip4 || type === etherType.arp || type === etherType.ip6;
}

function ip4Classes(packet: Packet): number {
  switch (packet.transport) {
    case 'tcp': {
      const flags = packet.tcpFlags;
      const accepts = (flags & tcpAccepts) === tcpAccepts ? frameClass.tcpAccept4 : 0;
      return accepts | ((flags & tcpOpensOrEnds) === 0 ? 0 : frameClass.urgent);
    }
    case 'udp': {
      if (!isDhcpPort(packet.sourcePort, packet.destinationPort)) return 0;
      const reply = isDhcpReply(packet.frame, packet.payload) ? frameClass.dhcp4Reply : 0;
      return frameClass.dhcp4 | frameClass.urgent | reply;
    }
    case 'icmp':
      return frameClass.urgent;
    default:
      return packet.protocol === ipProtocol.ospf ? frameClass.ospf : 0;
  }
}

function ip6Classes(packet: Packet): number {
  const { sourcePort, destinationPort } = packet;
  switch (packet.transport) {
    case 'tcp':
      return (packet.tcpFlags & tcpAccepts) === tcpAccepts ? frameClass.tcpAccept6 : 0;
    case 'udp': {
      const reply = destinationPort === dhcp6Client || sourcePort === dhcp6Server;
      const any = destinationPort === dhcp6Client || destinationPort === dhcp6Server;
      return (any ? frameClass.dhcp6 : 0) | (reply ? frameClass.dhcp6Reply : 0);
    }
    case 'icmp6':
      if (packet.icmpType === routerSolicitation) return frameClass.routerSolicitation;
      return packet.icmpType === routerAdvertisement ? frameClass.routerAdvertisement : 0;
    default:
      return 0;
  }
}
