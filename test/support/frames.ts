/** A locally administered station address ending in `n`. */
export function mac(n: number): Buffer {
  const address = Buffer.from('020000000000', 'hex');
  address.writeUInt32BE(n, 2);
  return address;
}

export const broadcast = Buffer.from('ffffffffffff', 'hex');

/** An Ethernet frame with a type nobody interprets. */
export function frame(to: Buffer, from: Buffer, payload: string | Buffer = 'payload'): Buffer {
  return Buffer.concat([to, from, Buffer.from('88b5', 'hex'), Buffer.from(payload)]);
}

/** What comes after the header of {@link frame}, as text. */
export function payloadOf(received: Buffer): string {
  return received.toString('latin1', 14);
}
