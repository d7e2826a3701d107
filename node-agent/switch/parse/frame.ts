import { parseArp } from './arp.ts';
import { u16 } from './bytes.ts';
import { etherType, innerTypeOffset } from './ethernet.ts';
import { parseIp4 } from './ip4.ts';
import { parseIp6 } from './ip6.ts';
import type { Packet } from './packet.ts';

/** Read a frame of at least 14 bytes into `packet`. */
export function parseFrame(packet: Packet, frame: Buffer, hubVlanType: number): void {
  packet.begin(frame);
  const typeAt = innerTypeOffset(frame, hubVlanType);
  packet.outerType = u16(frame, 12);
  if (typeAt + 2 > frame.length) {
    packet.malformed = true;
    return;
  }
  if (typeAt > 12) packet.vlanId = u16(frame, 14) & 0x0fff;
  packet.type = u16(frame, typeAt);
  packet.network = typeAt + 2;
  if (packet.type === etherType.ip4) packet.malformed = !parseIp4(packet, frame);
  else if (packet.type === etherType.ip6) packet.malformed = !parseIp6(packet, frame);
  else if (packet.type === etherType.arp) parseArp(packet, frame);
}
