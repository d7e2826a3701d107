import { u16 } from './parse/bytes.ts';
import { updateChecksum } from './parse/checksum.ts';
import type { Packet } from './parse/packet.ts';

const advertisement = 134;
const checksumAt = 2;
/** Seconds its sender wants to be a default router; 0: it does not (RFC 4861 §4.2). */
const lifetimeAt = 6;

/** Whether the packet offers a default router. */
export function offersRouter(packet: Packet): boolean {
  if (packet.transport !== 'icmp6' || packet.icmpType !== advertisement) return false;
  const at = packet.transportAt;
  return at + lifetimeAt + 2 <= packet.end && u16(packet.frame, at + lifetimeAt) !== 0;
}

/** The frame with that offer taken back, in bytes of its own, its checksum right. */
export function withoutRouter(packet: Packet): Buffer {
  const at = packet.transportAt;
  const frame = Buffer.from(packet.frame);
  const lifetime = u16(frame, at + lifetimeAt);
  frame.writeUInt16BE(0, at + lifetimeAt);
  frame.writeUInt16BE(updateChecksum(u16(frame, at + checksumAt), lifetime, 0), at + checksumAt);
  return frame;
}
