import { u16 } from './bytes.ts';

/** Destination, source, type. */
export const ethernetBytes = 14;
/** What any session can carry (protocol/05 §2). */
export const frameBytesMax = 1600;
/** Tag protocol id and tag (IEEE 802.1Q). */
export const vlanTagBytes = 4;
const vlanTagsMax = 2;

export const etherType = {
  ip4: 0x0800,
  arp: 0x0806,
  ip6: 0x86dd,
  vlan: 0x8100,
  serviceVlan: 0x88a8,
  pppoeDiscovery: 0x8863,
  pppoeSession: 0x8864,
} as const;

/** Types up to here are lengths of an LLC frame. */
export const llcBytesMax = 1500;

export function isVlanType(type: number, hubVlanType: number): boolean {
  return type === etherType.vlan || type === hubVlanType || type === etherType.serviceVlan;
}

/** Where the type behind all VLAN tags is; past the frame's end if it ends before. */
export function innerTypeOffset(frame: Uint8Array, hubVlanType: number): number {
  let offset = 12;
  for (let tags = 0; tags < vlanTagsMax; tags++) {
    if (!isVlanType(u16(frame, offset), hubVlanType)) return offset;
    offset += vlanTagBytes;
  }
  return offset;
}
