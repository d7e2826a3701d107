import { u16 } from './parse/bytes.ts';
import { ethernetBytes, vlanTagBytes } from './parse/ethernet.ts';

/** Where the tag goes: after the two addresses. */
const tagAt = 12;

/** The frame with an outermost tag of this VLAN, in bytes of its own. */
export function withTag(frame: Buffer, tagType: number, vlanId: number): Buffer {
  const tagged = Buffer.allocUnsafe(frame.length + vlanTagBytes);
  tagged.set(frame.subarray(0, tagAt));
  tagged.writeUInt16BE(tagType, tagAt);
  tagged.writeUInt16BE(vlanId, tagAt + 2);
  tagged.set(frame.subarray(tagAt), tagAt + vlanTagBytes);
  return tagged;
}

/** Whether its outermost tag is of this VLAN and something follows it. */
export function isInVlan(frame: Uint8Array, tagType: number, vlanId: number): boolean {
  if (frame.length < ethernetBytes + vlanTagBytes) return false;
  return u16(frame, tagAt) === tagType && (u16(frame, tagAt + 2) & 0x0fff) === vlanId;
}

/** The frame without its outermost tag, in bytes of its own. */
export function withoutTag(frame: Buffer): Buffer {
  const plain = Buffer.allocUnsafe(frame.length - vlanTagBytes);
  plain.set(frame.subarray(0, tagAt));
  plain.set(frame.subarray(tagAt + vlanTagBytes), tagAt);
  return plain;
}
