import { arp, ethernet, tagged } from '#test/support/packets.ts';

/**
 * Frames that tell where a station's words end. Of two kinds, because every policy and every
 * filter lets one of them pass; and to an address of their own, for which access lists make way.
 */
export const markerMac = Buffer.from('0300000000ee', 'hex');
const etherType = 0x88b5; // IEEE 802 local experimental

/** The access rule that lets them pass, before any of the scenario's own. */
export const markerRule = {
  Active_bool: true,
  Priority_u32: 1,
  Protocol_u32: 0,
  CheckDstMac_bool: true,
  DstMacAddress_bin: markerMac.toString('base64'),
  DstMacMask_bin: Buffer.alloc(6, 0xff).toString('base64'),
};

/** Where a station is; 0: in none. */
export interface Vlan {
  readonly id: number;
  readonly typeId: number;
}

/** `number` below 256. As an ARP probe it claims no address. */
export function markers(from: Buffer, number: number, vlan: Vlan): Buffer[] {
  const raw = Buffer.alloc(46);
  raw[raw.length - 1] = number;
  const frames = [
    ethernet(markerMac, from, 0x0806, arp('0.0.0.0', `192.0.2.${number}`)),
    ethernet(markerMac, from, etherType, raw),
  ];
  return vlan.id === 0 ? frames : frames.map((frame) => tagged(frame, vlan.id, vlan.typeId));
}

export function isMarker(frame: Buffer): boolean {
  return frame.subarray(0, 6).equals(markerMac);
}

export function markerNumber(marker: Buffer): number {
  return marker[marker.length - 1] ?? 0;
}
