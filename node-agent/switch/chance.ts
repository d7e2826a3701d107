/** Pseudo-random numbers for loss and storms: cheap, and nothing secret hangs on them. */
export class Chance {
  #state: number;

  constructor(seed: number) {
    this.#state = seed | 0 || 0x2545f491;
  }

  /** Uniform in [0, limit), for a limit far below 2^32. */
  below(limit: number): number {
    let x = this.#state;
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    this.#state = x;
    return (x >>> 1) % limit;
  }
}
