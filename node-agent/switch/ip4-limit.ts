/** An address counts against the limit this long after it was last used (protocol/06 §1). */
export const ip4AgeMs = 60_000;

const etherTypeOffset = 12;
const etherTypeIp4 = 0x0800;
const etherTypeArp = 0x0806;
const ip4SourceOffset = 26;
const arpProtocolOffset = 16;
const arpSenderIp4Offset = 28;
const udp = 17;
const dhcpServerPort = 67;
const dhcpClientPort = 68;
const none = 0;
const broadcast = 0xffffffff;

/**
 * How many IPv4 addresses one attachment may use at a time. Made for small limits (a plain client
 * has 4): the addresses are a short list that is searched from the front.
 */
export class Ip4Limit {
  readonly #addresses: Uint32Array;
  readonly #seenMs: Float64Array;

  constructor(addressesMax: number) {
    this.#addresses = new Uint32Array(addressesMax);
    this.#seenMs = new Float64Array(addressesMax);
  }

  /** Whether this frame's source address is known, or there is room for it. */
  admits(frame: Buffer, nowMs: number): boolean {
    const address = sourceIp4(frame);
    if (address === none) return true;
    let free = -1;
    for (let i = 0; i < this.#addresses.length; i++) {
      if (this.#addresses[i] === address) {
        this.#seenMs[i] = nowMs;
        return true;
      }
      if (free < 0 && this.#isFree(i, nowMs)) free = i;
    }
    if (free < 0) return false;
    this.#addresses[free] = address;
    this.#seenMs[free] = nowMs;
    return true;
  }

  #isFree(index: number, nowMs: number): boolean {
    return this.#addresses[index] === none || nowMs - (this.#seenMs[index] as number) >= ip4AgeMs;
  }
}

/** The IPv4 address a frame speaks for; 0 if it has none that counts (protocol/06 §3). */
function sourceIp4(frame: Buffer): number {
  if (frame.length < ip4SourceOffset + 16) return none;
  const etherType = frame.readUInt16BE(etherTypeOffset);
  let address: number = none;
  if (etherType === etherTypeIp4 && !isDhcp(frame)) {
    address = frame.readUInt32BE(ip4SourceOffset);
  } else if (etherType === etherTypeArp && frame.readUInt16BE(arpProtocolOffset) === etherTypeIp4) {
    address = frame.readUInt32BE(arpSenderIp4Offset);
  }
  return address === broadcast ? none : address;
}

function isDhcp(frame: Buffer): boolean {
  if (frame[23] !== udp) return false;
  const portsOffset = 14 + ((frame[14] as number) & 0x0f) * 4;
  if (portsOffset + 4 > frame.length) return false;
  const source = frame.readUInt16BE(portsOffset);
  return source === dhcpServerPort || source === dhcpClientPort;
}
