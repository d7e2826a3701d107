import { assert } from '#shared/kernel/assert.ts';

/** When dynamic hubs may be served here. All on this process's monotonic clock. */
export interface RightState {
  /** Frames may be forwarded before this moment. */
  readonly heldUntilMs: number;
  /** A hub instance may be started from `openFromMs` on and before `openUntilMs`. */
  readonly openFromMs: number;
  readonly openUntilMs: number;
  /** Since when nothing may be forwarded, if nothing may. */
  readonly lostAtMs: number;
}

export const rightBytes = 40;
/** The writer is done within microseconds. */
const readsMax = 1_000_000;

/**
 * The right to serve dynamic hubs (I2), in memory that two threads may share: control writes it,
 * the data plane asks at the head of every batch. A sequence number, odd while it is being written,
 * keeps a reader from seeing half of one state and half of another.
 */
export class ExclusiveRight {
  readonly #words: Int32Array<ArrayBufferLike>;
  readonly #values: Float64Array<ArrayBufferLike>;
  #epoch: number | undefined;

  constructor(memory: ArrayBuffer | SharedArrayBuffer = new ArrayBuffer(rightBytes)) {
    this.#values = new Float64Array(memory, 0, 4);
    this.#words = new Int32Array(memory, 32, 2);
    if (Atomics.load(this.#words, 0) === 0) this.publish(none, 0);
  }

  publish(state: RightState, epoch: number): void {
    Atomics.add(this.#words, 0, 1);
    this.#words[1] = epoch;
    this.#values[0] = state.heldUntilMs;
    this.#values[1] = state.openFromMs;
    this.#values[2] = state.openUntilMs;
    this.#values[3] = state.lostAtMs;
    Atomics.add(this.#words, 0, 1);
  }

  /**
   * From now on only what is published for `epoch` counts: control may be ahead, with a lease of
   * the next epoch, while this thread has not been told yet to give up the hubs of the last one.
   */
  expect(epoch: number): void {
    this.#epoch = epoch;
  }

  held(monotonicMs: number): boolean {
    return monotonicMs < this.#read(0);
  }

  mayOpen(monotonicMs: number): boolean {
    return this.held(monotonicMs) && monotonicMs >= this.#read(1) && monotonicMs < this.#read(2);
  }

  /** For how long it has not been held; 0 while it is. It runs out without anybody writing so. */
  lostForMs(monotonicMs: number): number {
    const heldUntilMs = this.#read(0);
    if (monotonicMs < heldUntilMs) return 0;
    return monotonicMs - Math.max(heldUntilMs, this.#read(3));
  }

  #read(index: number): number {
    for (let reads = 0; reads < readsMax; reads += 1) {
      const before = Atomics.load(this.#words, 0);
      const value = this.#values[index] as number;
      const epoch = this.#words[1];
      if (Atomics.load(this.#words, 0) !== before || before % 2 !== 0) continue;
      const counts = this.#epoch === undefined || this.#epoch === epoch || index === 3;
      return counts ? value : Number.NEGATIVE_INFINITY;
    }
    assert(false, 'a writer that never ends');
  }
}

const none: RightState = {
  heldUntilMs: Number.NEGATIVE_INFINITY,
  openFromMs: Number.POSITIVE_INFINITY,
  openUntilMs: Number.NEGATIVE_INFINITY,
  lostAtMs: Number.NEGATIVE_INFINITY,
};
