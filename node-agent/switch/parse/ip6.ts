import { i32, u16 } from './bytes.ts';
import type { Packet } from './packet.ts';
import { parseTransport } from './transport.ts';

export const ip6HeaderBytes = 40;
/** A packet with more is not one a host would send. */
const extensionHeadersMax = 8;

const hopByHop = 0;
const routing = 43;
const fragmentHeader = 44;
const authentication = 51;
const destinationOptions = 60;
const mobility = 135;

/**
 * RFC 8200. False: the packet contradicts itself or hides what it carries behind a chain of
 * headers that its first fragment does not complete (RFC 7112).
 */
export function parseIp6(packet: Packet, frame: Buffer): boolean {
  const at = packet.network;
  if (frame.length < at + ip6HeaderBytes || (frame[at] as number) >> 4 !== 6) return false;
  const end = at + ip6HeaderBytes + u16(frame, at + 4);
  if (end > frame.length) return false;
  packet.ip = 6;
  packet.end = end;
  packet.source0 = i32(frame, at + 8);
  packet.source1 = i32(frame, at + 12);
  packet.source2 = i32(frame, at + 16);
  packet.source3 = i32(frame, at + 20);
  packet.destination0 = i32(frame, at + 24);
  packet.destination1 = i32(frame, at + 28);
  packet.destination2 = i32(frame, at + 32);
  packet.destination3 = i32(frame, at + 36);
  return parseChain(packet, frame, frame[at + 6] as number, at + ip6HeaderBytes);
}

function parseChain(packet: Packet, frame: Buffer, first: number, from: number): boolean {
  let next = first;
  let at = from;
  let fragment = 0;
  for (let headers = 0; headers <= extensionHeadersMax; headers++) {
    packet.protocol = next;
    if (!isExtension(next)) return parseTransport(packet, frame, at, fragment);
    if (at + 8 > packet.end) return false;
    const bytes = extensionBytes(frame, next, at);
    if (next === fragmentHeader) fragment = u16(frame, at + 2) >> 3;
    next = frame[at] as number;
    at += bytes;
    if (fragment > 0) {
      packet.protocol = next;
      return parseTransport(packet, frame, at, fragment);
    }
  }
  return false;
}

function isExtension(header: number): boolean {
  switch (header) {
    case hopByHop:
    case routing:
    case fragmentHeader:
    case authentication:
    case destinationOptions:
    case mobility:
      return true;
    default:
      return false;
  }
}

function extensionBytes(frame: Buffer, header: number, at: number): number {
  if (header === fragmentHeader) return 8;
  const units = frame[at + 1] as number;
  return header === authentication ? (units + 2) * 4 : (units + 1) * 8;
}
