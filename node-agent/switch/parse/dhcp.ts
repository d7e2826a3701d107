import { i32, u16 } from './bytes.ts';

/** BOOTP's fixed part with the magic cookie (RFC 2131). */
const fixedBytes = 240;
const magicCookie = 0x63825363;
const replyOpcode = 2;
const ethernet = 1;
const optionPad = 0;
const optionLease = 51;
const optionKind = 53;
const optionEnd = 255;
const ack = 5;
/** A packet with more is not one a server would send. */
const optionsMax = 128;

export const dhcpServerPort = 67;
export const dhcpClientPort = 68;

/** Whether UDP between these ports is DHCP: a host takes it for that by the port it listens on. */
export function isDhcpPort(sourcePort: number, destinationPort: number): boolean {
  return (
    destinationPort === dhcpServerPort ||
    destinationPort === dhcpClientPort ||
    sourcePort === dhcpServerPort
  );
}

/** A server speaks, or something too short to tell. */
export function isDhcpReply(frame: Uint8Array, payload: number): boolean {
  return payload >= frame.length || frame[payload] === replyOpcode;
}

/** What a server has assigned; one instance is used again for every reply. */
export class DhcpLease {
  address = 0;
  macHigh = 0;
  macLow = 0;
  leaseSec = 0;

  /** False: not the acknowledgement of an address for an Ethernet station. */
  read(frame: Uint8Array, payload: number, end: number): boolean {
    if (payload + fixedBytes > end) return false;
    if (frame[payload] !== replyOpcode || frame[payload + 1] !== ethernet) return false;
    if (frame[payload + 2] !== 6 || i32(frame, payload + 236) !== magicCookie) return false;
    this.address = i32(frame, payload + 16);
    this.macHigh = u16(frame, payload + 28);
    this.macLow = i32(frame, payload + 30);
    this.leaseSec = 0;
    if (this.address === 0 || this.address === -1) return false;
    return this.#readOptions(frame, payload + fixedBytes, end) === ack;
  }

  /** The kind of message, 0 if it has none. */
  #readOptions(frame: Uint8Array, from: number, end: number): number {
    let kind = 0;
    let at = from;
    for (let n = 0; n < optionsMax && at < end; n++) {
      const code = frame[at] as number;
      if (code === optionEnd) break;
      if (code === optionPad) {
        at += 1;
        continue;
      }
      const bytes = frame[at + 1] as number;
      if (at + 2 + bytes > end) break;
      if (code === optionKind && bytes === 1) kind = frame[at + 2] as number;
      if (code === optionLease && bytes === 4) this.leaseSec = i32(frame, at + 2) >>> 0;
      at += 2 + bytes;
    }
    return kind;
  }
}
