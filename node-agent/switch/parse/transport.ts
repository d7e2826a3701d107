import { u16 } from './bytes.ts';
import { ipProtocol, type Packet } from './packet.ts';

const tcpHeaderBytes = 20;
const udpHeaderBytes = 8;
const icmpHeaderBytes = 4;

/**
 * TCP, UDP or ICMP at `at`, which is `fragment` × 8 bytes into the datagram. False: its header is
 * cut short, or a later fragment would overwrite part of it (RFC 3128): no rule could judge it.
 */
export function parseTransport(
  packet: Packet,
  frame: Buffer,
  at: number,
  fragment: number,
): boolean {
  const { protocol } = packet;
  if (fragment > 0) return protocol !== ipProtocol.tcp || fragment * 8 >= tcpHeaderBytes;
  packet.transportAt = at;
  packet.payload = at;
  const bytes = packet.end - at;
  if (protocol === ipProtocol.tcp) return bytes >= tcpHeaderBytes && parseTcp(packet, frame);
  if (protocol === ipProtocol.udp) {
    if (bytes < udpHeaderBytes) return false;
    packet.transport = 'udp';
    packet.sourcePort = u16(frame, at);
    packet.destinationPort = u16(frame, at + 2);
    packet.payload = at + udpHeaderBytes;
    return true;
  }
  const icmp = packet.ip === 4 ? ipProtocol.icmp : ipProtocol.icmp6;
  if (protocol !== icmp) return true;
  if (bytes < icmpHeaderBytes) return false;
  packet.transport = packet.ip === 4 ? 'icmp' : 'icmp6';
  packet.icmpType = frame[at] as number;
  packet.payload = at + icmpHeaderBytes;
  return true;
}

function parseTcp(packet: Packet, frame: Buffer): boolean {
  const at = packet.transportAt;
  const headerBytes = ((frame[at + 12] as number) >> 4) * 4;
  if (headerBytes < tcpHeaderBytes || at + headerBytes > packet.end) return false;
  packet.transport = 'tcp';
  packet.sourcePort = u16(frame, at);
  packet.destinationPort = u16(frame, at + 2);
  packet.tcpFlags = frame[at + 13] as number;
  packet.payload = at + headerBytes;
  return true;
}
