import { WireError } from './wire-error.ts';

/** Reads forward and never past the end. */
export class ByteReader {
  readonly #buffer: Buffer;
  #offset = 0;

  constructor(buffer: Buffer) {
    this.#buffer = buffer;
  }

  u32(): number {
    this.#need(4);
    const value = this.#buffer.readUInt32BE(this.#offset);
    this.#offset += 4;
    return value;
  }

  u64(): bigint {
    this.#need(8);
    const value = this.#buffer.readBigUInt64BE(this.#offset);
    this.#offset += 8;
    return value;
  }

  take(length: number): Buffer {
    this.#need(length);
    this.#offset += length;
    return this.#buffer.subarray(this.#offset - length, this.#offset);
  }

  /** A count that neither exceeds `max` nor promises more than the bytes left could hold. */
  count(max: number, bytesMinEach: number, what: string): number {
    const count = this.u32();
    if (count > max) throw overLimit(`${count} ${what}`);
    this.#need(count * bytesMinEach);
    return count;
  }

  #need(length: number): void {
    if (length > this.#buffer.length - this.#offset) {
      throw new WireError('pack-truncated', `${length} bytes announced at ${this.#offset}`);
    }
  }
}

export function overLimit(what: string): WireError {
  return new WireError('pack-over-limit', `${what}: over the limit`);
}
