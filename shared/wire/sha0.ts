/** Bytes of a SHA-0 value, and so of every hash, challenge, ticket and session key on the wire. */
export const sha0Bytes = 20;

const blockBytes = 64;

/**
 * SHA-0, the withdrawn function of 1993 that SoftEther uses wherever it says "SHA-1 size"
 * (`protocol/03`). It is SHA-1 without the rotation by one in the message schedule; no library
 * offers it. The parts are hashed as if they were one message.
 */
export function sha0(...parts: readonly Uint8Array[]): Buffer {
  const message = padded(parts);
  const state = new Uint32Array([0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0]);
  const schedule = new Uint32Array(80);
  for (let offset = 0; offset < message.length; offset += blockBytes) {
    compress(state, schedule, message, offset);
  }
  const digest = Buffer.alloc(sha0Bytes);
  state.forEach((word, i) => {
    digest.writeUInt32BE(word, i * 4);
  });
  return digest;
}

/** The message, one bit 1, zeros, and the bit length as u64, to a multiple of 64 bytes. */
function padded(parts: readonly Uint8Array[]): Buffer {
  const length = parts.reduce((sum, part) => sum + part.length, 0);
  const message = Buffer.alloc(Math.ceil((length + 9) / blockBytes) * blockBytes);
  let offset = 0;
  for (const part of parts) {
    message.set(part, offset);
    offset += part.length;
  }
  message[offset] = 0x80;
  message.writeBigUInt64BE(BigInt(length) * 8n, message.length - 8);
  return message;
}

function compress(state: Uint32Array, w: Uint32Array, message: Buffer, offset: number): void {
  for (let t = 0; t < 16; t++) w[t] = message.readUInt32BE(offset + t * 4);
  for (let t = 16; t < 80; t++) {
    w[t] = at(w, t - 3) ^ at(w, t - 8) ^ at(w, t - 14) ^ at(w, t - 16);
  }
  let [a, b, c, d, e] = [at(state, 0), at(state, 1), at(state, 2), at(state, 3), at(state, 4)];
  for (let t = 0; t < 80; t++) {
    const next = (rotateLeft(a, 5) + mix(t, b, c, d) + e + at(w, t) + constantOf(t)) >>> 0;
    e = d;
    d = c;
    c = rotateLeft(b, 30);
    b = a;
    a = next;
  }
  state.set([at(state, 0) + a, at(state, 1) + b, at(state, 2) + c, at(state, 3) + d]);
  state[4] = at(state, 4) + e;
}

function mix(t: number, b: number, c: number, d: number): number {
  if (t < 20) return (b & c) | (~b & d);
  if (t >= 40 && t < 60) return (b & c) | (b & d) | (c & d);
  return b ^ c ^ d;
}

function constantOf(t: number): number {
  if (t < 20) return 0x5a827999;
  if (t < 40) return 0x6ed9eba1;
  return t < 60 ? 0x8f1bbcdc : 0xca62c1d6;
}

function rotateLeft(value: number, bits: number): number {
  return (value << bits) | (value >>> (32 - bits));
}

function at(words: Uint32Array, index: number): number {
  return words[index] as number;
}
