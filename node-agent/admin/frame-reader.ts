import { WireError } from '#shared/wire/wire-error.ts';

const lengthBytes = 4;

/** Frames of the administration protocol: u32 length, PACK (protocol/07 §1). */
export function encodeFrame(pack: Buffer): Buffer {
  const frame = Buffer.allocUnsafe(lengthBytes + pack.length);
  frame.writeUInt32BE(pack.length, 0);
  pack.copy(frame, lengthBytes);
  return frame;
}

/**
 * Puts frames together from what arrives. A frame's length is looked at before any of it is kept,
 * and nobody may send one before the last was answered: no more than one is ever kept.
 */
export class FrameReader {
  readonly #frameBytesMax: number;
  readonly #head = Buffer.alloc(lengthBytes);
  #headBytes = 0;
  #body: Buffer | undefined;
  #bodyBytes = 0;

  constructor(frameBytesMax: number) {
    this.#frameBytesMax = frameBytesMax;
  }

  /** Whether a frame has begun and not ended. */
  get isWithin(): boolean {
    return this.#headBytes > 0;
  }

  /**
   * The frame that ends with these bytes, if one does.
   *
   * @throws {WireError} for one that is empty or too long, and for bytes behind its end.
   */
  push(bytes: Buffer): Buffer | undefined {
    let rest = bytes;
    if (this.#body === undefined) {
      const taken = rest.copy(this.#head, this.#headBytes);
      this.#headBytes += taken;
      rest = rest.subarray(taken);
      if (this.#headBytes < lengthBytes) return undefined;
      this.#body = Buffer.allocUnsafe(this.#length());
    }
    const taken = rest.copy(this.#body, this.#bodyBytes);
    this.#bodyBytes += taken;
    if (this.#bodyBytes < this.#body.length) return undefined;
    if (taken < rest.length) {
      throw new WireError('message-field-invalid', 'a frame before the answer to the last');
    }
    const frame = this.#body;
    this.#body = undefined;
    this.#headBytes = 0;
    this.#bodyBytes = 0;
    return frame;
  }

  #length(): number {
    const length = this.#head.readUInt32BE(0);
    if (length > 0 && length <= this.#frameBytesMax) return length;
    throw new WireError('pack-over-limit', `a frame of ${length} bytes`);
  }
}
