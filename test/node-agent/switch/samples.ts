import { broadcast, mac } from '#test/support/frames.ts';
import {
  arp,
  dhcp,
  ethernet,
  icmp,
  ip4,
  ip6,
  routerAdvertisement,
  tcp,
  tcpFlags,
  udp,
} from '#test/support/packets.ts';

/** The sender's and the receiver's address in every sample. */
export const sender = mac(1);
export const receiver = mac(2);

const to = (destination: Buffer, type: number, payload: Buffer): Buffer =>
  ethernet(destination, sender, type, payload);
const group6 = Buffer.from('333300000001', 'hex');
const bridges = Buffer.from('0180c2000000', 'hex');

/** One frame of every kind that any policy or filter tells apart. */
export const samples = {
  tcp4: to(receiver, 0x0800, ip4(tcp({ data: 'GET /' }), { protocol: 6 })),
  tcp4Syn: to(receiver, 0x0800, ip4(tcp({ flags: tcpFlags.syn }), { protocol: 6 })),
  tcp4SynAck: to(
    receiver,
    0x0800,
    ip4(tcp({ from: 80, to: 40_000, flags: tcpFlags.syn | tcpFlags.ack }), { protocol: 6 }),
  ),
  tcp6: to(receiver, 0x86dd, ip6(tcp(), { protocol: 6 })),
  tcp6SynAck: to(
    receiver,
    0x86dd,
    ip6(tcp({ flags: tcpFlags.syn | tcpFlags.ack }), { protocol: 6 }),
  ),
  udp4: to(receiver, 0x0800, ip4(udp(5_000, 53), { protocol: 17 })),
  udp4Broadcast: to(broadcast, 0x0800, ip4(udp(5_000, 137), { protocol: 17 })),
  udp6: to(receiver, 0x86dd, ip6(udp(5_000, 53), { protocol: 17 })),
  icmp4: to(receiver, 0x0800, ip4(icmp(8), { protocol: 1 })),
  ospf: to(receiver, 0x0800, ip4(Buffer.alloc(24), { protocol: 89 })),
  arpRequest: to(broadcast, 0x0806, arp('10.0.0.1')),
  arpReply: to(receiver, 0x0806, arp('10.0.0.1', '10.0.0.2', 2)),
  dhcpRequest: to(
    broadcast,
    0x0800,
    ip4(udp(68, 67, dhcp()), { from: '0.0.0.0', to: '255.255.255.255', protocol: 17 }),
  ),
  dhcpReply: to(broadcast, 0x0800, ip4(udp(67, 68, dhcp({ opcode: 2 })), { protocol: 17 })),
  dhcp6Request: to(group6, 0x86dd, ip6(udp(546, 547), { protocol: 17 })),
  dhcp6Reply: to(receiver, 0x86dd, ip6(udp(547, 546), { protocol: 17 })),
  routerSolicitation: to(group6, 0x86dd, ip6(icmp(133), { protocol: 58 })),
  routerAdvertisement: to(group6, 0x86dd, ip6(routerAdvertisement(1_800), { protocol: 58 })),
  neighbourSolicitation: to(group6, 0x86dd, ip6(icmp(135, 24), { protocol: 58 })),
  pppoe: to(receiver, 0x8864, Buffer.alloc(20)),
  bpdu: to(bridges, 0x0026, Buffer.from(`424203${'00'.repeat(35)}`, 'hex')),
  other: to(receiver, 0x88b5, Buffer.from('payload')),
  otherBroadcast: to(broadcast, 0x88b5, Buffer.from('payload')),
} as const satisfies Record<string, Buffer>;

export type SampleName = keyof typeof samples;
export const sampleNames = Object.keys(samples) as SampleName[];
