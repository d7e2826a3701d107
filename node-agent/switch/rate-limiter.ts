/** Bits are counted over windows of this length (protocol/06 §5). */
const windowMs = 1_000;

/** MaxUpload or MaxDownload of one attachment. */
export class RateLimiter {
  readonly #bitsMax: number;
  #windowMs = Number.NEGATIVE_INFINITY;
  #bits = 0;

  constructor(bitsPerSecondMax: number) {
    this.#bitsMax = bitsPerSecondMax;
  }

  /** Count a frame; false if it goes beyond the limit. */
  admits(bytes: number, nowMs: number): boolean {
    if (nowMs - this.#windowMs > windowMs) {
      this.#windowMs = nowMs;
      this.#bits = 0;
    }
    this.#bits += bytes * 8;
    return this.#bits <= this.#bitsMax;
  }
}
