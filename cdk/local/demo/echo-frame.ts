/** An Ethernet frame by which demo clients measure the way to each other. */
export interface EchoFrame {
  readonly kind: 'request' | 'reply';
  readonly to: Buffer;
  readonly from: Buffer;
  readonly sequence: number;
}

/** IEEE 802 local experimental EtherType 1: nothing else answers it. */
const etherType = 0x88b5;
const marker = 'etherfleet';
const kinds = { request: 1, reply: 2 } as const;

const typeOffset = 12;
const markerOffset = 14;
const kindOffset = markerOffset + marker.length;
const sequenceOffset = kindOffset + 1;
/** The shortest frame Ethernet has, without its check sequence. */
const frameBytes = 60;

/** A locally administered unicast address; `index` is the client's number. */
export function echoAddress(index: number): Buffer {
  const address = Buffer.from([0x02, 0xef, 0xde, 0, 0, 0]);
  address.writeUInt16BE(index, 4);
  return address;
}

export function encodeEcho({ kind, to, from, sequence }: EchoFrame): Buffer {
  const frame = Buffer.alloc(frameBytes);
  to.copy(frame, 0);
  from.copy(frame, 6);
  frame.writeUInt16BE(etherType, typeOffset);
  frame.write(marker, markerOffset, 'latin1');
  frame.writeUInt8(kinds[kind], kindOffset);
  frame.writeUInt32BE(sequence, sequenceOffset);
  return frame;
}

/** Undefined: some other frame. */
export function decodeEcho(frame: Buffer): EchoFrame | undefined {
  if (frame.length < sequenceOffset + 4 || frame.readUInt16BE(typeOffset) !== etherType) {
    return undefined;
  }
  if (frame.toString('latin1', markerOffset, kindOffset) !== marker) return undefined;
  const number = frame.readUInt8(kindOffset);
  const kind = number === kinds.request ? 'request' : number === kinds.reply ? 'reply' : undefined;
  if (kind === undefined) return undefined;
  return {
    kind,
    to: Buffer.from(frame.subarray(0, 6)),
    from: Buffer.from(frame.subarray(6, typeOffset)),
    sequence: frame.readUInt32BE(sequenceOffset),
  };
}
