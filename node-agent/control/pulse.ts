/** A counter in shared memory: one thread moves it, the other sees whether it still moves. */
export class Pulse {
  readonly #words: Int32Array<ArrayBufferLike>;
  #seen = 0;
  #movedMs = Number.NEGATIVE_INFINITY;

  constructor(memory: ArrayBuffer | SharedArrayBuffer) {
    this.#words = new Int32Array(memory, 0, 1);
  }

  beat(): void {
    Atomics.add(this.#words, 0, 1);
  }

  /** For how long it has not moved, as far as whoever asks regularly can know. */
  stillForMs(monotonicMs: number): number {
    const now = Atomics.load(this.#words, 0);
    if (now !== this.#seen || this.#movedMs === Number.NEGATIVE_INFINITY) {
      this.#seen = now;
      this.#movedMs = monotonicMs;
    }
    return monotonicMs - this.#movedMs;
  }
}

export const pulseBytes = 4;
