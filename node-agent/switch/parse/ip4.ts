import { i32, u16 } from './bytes.ts';
import type { Packet } from './packet.ts';
import { parseTransport } from './transport.ts';

export const ip4HeaderBytes = 20;

/** RFC 791. False: the packet contradicts itself, and hosts may understand it as they like. */
export function parseIp4(packet: Packet, frame: Buffer): boolean {
  const at = packet.network;
  if (frame.length < at + ip4HeaderBytes) return false;
  const first = frame[at] as number;
  const headerBytes = (first & 0x0f) * 4;
  const totalBytes = u16(frame, at + 2);
  if (first >> 4 !== 4 || headerBytes < ip4HeaderBytes || totalBytes < headerBytes) return false;
  if (at + totalBytes > frame.length) return false;
  packet.ip = 4;
  packet.end = at + totalBytes;
  packet.protocol = frame[at + 9] as number;
  packet.source0 = i32(frame, at + 12);
  packet.destination0 = i32(frame, at + 16);
  const fragment = u16(frame, at + 6) & 0x1fff;
  return parseTransport(packet, frame, at + headerBytes, fragment);
}
