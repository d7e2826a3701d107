import { createHmac, timingSafeEqual } from 'node:crypto';

/**
 * One datagram between members (ADR 0003). A question tells as much as its answer: who speaks, to
 * whom, and how long ago its lease was last renewed. An answer repeats the nonce, so that it is
 * known to have been made after the question, and is no longer than it.
 */
export interface WitnessMessage {
  readonly kind: 'question' | 'answer';
  /** Whose member key the pair's key is made from. */
  readonly keyOf: 'asker' | 'answerer';
  readonly nonce: Buffer;
  /** Age of the sender's last acknowledged heartbeat, by the time it was sent. */
  readonly renewedAgoMs: number;
  readonly from: string;
  readonly to: string;
}

//  offset  0   4       5       6        22              26       27+n    28+n+m
//          magic kind  keyOf   nonce    renewedAgoMs    n from   m to    mac
const magic = Buffer.from('EFW1');
const kindAt = 4;
const keyOfAt = 5;
const nonceAt = 6;
export const nonceBytes = 16;
const agoAt = nonceAt + nonceBytes;
const idsAt = agoAt + 4;
const macBytes = 32;
const idBytesMax = 64;
const agoMsMax = 0xffff_ffff;

export const witnessMessageBytesMax = idsAt + 2 * (1 + idBytesMax) + macBytes;

export function encodeWitnessMessage(message: WitnessMessage, key: Buffer): Buffer {
  const from = Buffer.from(message.from, 'latin1').subarray(0, idBytesMax);
  const to = Buffer.from(message.to, 'latin1').subarray(0, idBytesMax);
  const head = Buffer.alloc(idsAt);
  magic.copy(head);
  head[kindAt] = message.kind === 'question' ? 1 : 2;
  head[keyOfAt] = message.keyOf === 'asker' ? 1 : 2;
  message.nonce.copy(head, nonceAt, 0, nonceBytes);
  head.writeUInt32BE(Math.floor(Math.min(agoMsMax, Math.max(0, message.renewedAgoMs))), agoAt);
  const body = Buffer.concat([head, sized(from), sized(to)]);
  return Buffer.concat([body, macOf(body, key)]);
}

export type UnverifiedMessage = WitnessMessage & {
  /** Whether who sent it has this key. Nothing in the message means anything before. */
  readonly isUnder: (key: Buffer) => boolean;
};

/** Undefined for anything that is not exactly one message. */
export function decodeWitnessMessage(bytes: Buffer): UnverifiedMessage | undefined {
  if (bytes.length < idsAt + 2 + macBytes || bytes.length > witnessMessageBytesMax)
    return undefined;
  if (!bytes.subarray(0, magic.length).equals(magic)) return undefined;
  const [kind, keyOf] = [bytes[kindAt], bytes[keyOfAt]];
  if ((kind !== 1 && kind !== 2) || (keyOf !== 1 && keyOf !== 2)) return undefined;
  const fromBytes = bytes[idsAt] ?? 0;
  const toAt = idsAt + 1 + fromBytes;
  const toBytes = bytes[toAt] ?? 0;
  const macAt = toAt + 1 + toBytes;
  if (fromBytes > idBytesMax || toBytes > idBytesMax || macAt + macBytes !== bytes.length) {
    return undefined;
  }
  return {
    kind: kind === 1 ? 'question' : 'answer',
    keyOf: keyOf === 1 ? 'asker' : 'answerer',
    nonce: bytes.subarray(nonceAt, nonceAt + nonceBytes),
    renewedAgoMs: bytes.readUInt32BE(agoAt),
    from: bytes.toString('latin1', idsAt + 1, toAt),
    to: bytes.toString('latin1', toAt + 1, macAt),
    isUnder: (key) => timingSafeEqual(bytes.subarray(macAt), macOf(bytes.subarray(0, macAt), key)),
  };
}

function sized(bytes: Buffer): Buffer {
  return Buffer.concat([Buffer.from([bytes.length]), bytes]);
}

function macOf(body: Buffer, key: Buffer): Buffer {
  return createHmac('sha256', key).update(body).digest();
}
