import { i32 } from './bytes.ts';
import type { Packet } from './packet.ts';

/** Hardware type 1, protocol type 0800, lengths 6 and 4 (RFC 826). */
const ethernetAndIp4 = [0, 1, 8, 0, 6, 4];
export const arpBytes = 28;
export const arpSenderIpOffset = 14;
export const arpTargetIpOffset = 24;

/** Whether an ARP packet for Ethernet and IPv4 begins at `offset`. */
export function isIp4Arp(frame: Uint8Array, offset: number): boolean {
  if (frame.length < offset + arpBytes) return false;
  for (let i = 0; i < ethernetAndIp4.length; i++) {
    if (frame[offset + i] !== ethernetAndIp4[i]) return false;
  }
  return true;
}

/** Sender and target become source and destination. Other kinds of ARP have neither. */
export function parseArp(packet: Packet, frame: Buffer): void {
  if (!isIp4Arp(frame, packet.network)) return;
  packet.arp = true;
  packet.source0 = i32(frame, packet.network + arpSenderIpOffset);
  packet.destination0 = i32(frame, packet.network + arpTargetIpOffset);
}
