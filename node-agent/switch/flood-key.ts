import { arpSenderIpOffset } from './parse/arp.ts';
import { i32, u16 } from './parse/bytes.ts';
import { etherType } from './parse/ethernet.ts';

/** The source IP address of a frame whose type is at `typeAt`, as one word to count by. */
export function sourceWord(frame: Uint8Array, typeAt: number): number {
  switch (u16(frame, typeAt)) {
    case etherType.ip4:
      return i32(frame, typeAt + 14);
    case etherType.arp:
      return i32(frame, typeAt + 2 + arpSenderIpOffset);
    case etherType.ip6:
      return folded(frame, typeAt + 10);
    default:
      return 0;
  }
}

/** The destination IP address likewise; of ARP, none. */
export function destinationWord(frame: Uint8Array, typeAt: number): number {
  switch (u16(frame, typeAt)) {
    case etherType.ip4:
      return i32(frame, typeAt + 18);
    case etherType.ip6:
      return folded(frame, typeAt + 26);
    default:
      return 0;
  }
}

function folded(frame: Uint8Array, at: number): number {
  const halves = Math.imul(i32(frame, at), 31) ^ i32(frame, at + 4);
  return Math.imul(Math.imul(halves, 31) ^ i32(frame, at + 8), 31) ^ i32(frame, at + 12);
}
