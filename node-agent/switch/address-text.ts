import { i32, u16 } from './parse/bytes.ts';
import type { Packet } from './parse/packet.ts';

/** `02:00:00:00:00:01` */
export function macText(bytes: Uint8Array, offset: number): string {
  return macOf(i32(bytes, offset + 2), u16(bytes, offset));
}

/** By its last 32 and first 16 bits. */
export function macOf(low: number, high: number): string {
  const hex = hexOf(high, 4) + hexOf(low, 8);
  return hex.replace(/(..)(?!$)/g, '$1:');
}

export function ip4Text(address: number): string {
  return [24, 16, 8, 0].map((shift) => (address >>> shift) & 0xff).join('.');
}

/** All eight groups, zeros included: made to be searched for. */
export function ip6Text(words: readonly number[]): string {
  return words.map((word) => `${hexOf(word >>> 16, 4)}:${hexOf(word & 0xffff, 4)}`).join(':');
}

export function sourceText(packet: Packet): string | undefined {
  if (packet.ip === 4 || packet.arp) return ip4Text(packet.source0);
  if (packet.ip !== 6) return undefined;
  return ip6Text([packet.source0, packet.source1, packet.source2, packet.source3]);
}

export function destinationText(packet: Packet): string | undefined {
  if (packet.ip === 4 || packet.arp) return ip4Text(packet.destination0);
  if (packet.ip !== 6) return undefined;
  const { destination0, destination1, destination2, destination3 } = packet;
  return ip6Text([destination0, destination1, destination2, destination3]);
}

function hexOf(value: number, digits: number): string {
  return (value >>> 0).toString(16).padStart(digits, '0');
}
