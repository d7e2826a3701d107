import type { Cancel, Timers } from '#shared/kernel/clock.ts';

/** What is held back, by all hub instances that share it, never exceeds a number of bytes. */
export class HeldBytes {
  readonly #bytesMax: number;
  #bytes = 0;

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  take(bytes: number): boolean {
    if (this.#bytes + bytes > this.#bytesMax) return false;
    this.#bytes += bytes;
    return true;
  }

  give(bytes: number): void {
    this.#bytes -= bytes;
  }
}

interface Held<Item> {
  readonly item: Item;
  readonly bytes: number;
  readonly dueMs: number;
  /** Breaks ties, so that equal delays keep their order. */
  readonly number: number;
}

/** Frames that rules of an access list hold back, each until its time; a heap and one timer. */
export class DelayQueue<Item> {
  readonly #timers: Timers;
  readonly #nowMs: () => number;
  readonly #held: HeldBytes;
  readonly #release: (item: Item) => void;
  #heap: Held<Item>[] = [];
  #pushed = 0;
  #cancel: Cancel | undefined;
  #dueMs = Number.POSITIVE_INFINITY;

  constructor(timers: Timers, nowMs: () => number, held: HeldBytes, release: (item: Item) => void) {
    this.#timers = timers;
    this.#nowMs = nowMs;
    this.#held = held;
    this.#release = release;
  }

  get size(): number {
    return this.#heap.length;
  }

  /** False: there is no room. */
  push(item: Item, bytes: number, delayMs: number): boolean {
    if (!this.#held.take(bytes)) return false;
    this.#pushed += 1;
    this.#heap.push({ item, bytes, dueMs: this.#nowMs() + delayMs, number: this.#pushed });
    this.#rise(this.#heap.length - 1);
    this.#arm();
    return true;
  }

  /** Forget everything; how much that was. */
  clear(): number {
    this.#cancel?.();
    this.#cancel = undefined;
    this.#dueMs = Number.POSITIVE_INFINITY;
    for (const { bytes } of this.#heap) this.#held.give(bytes);
    const size = this.#heap.length;
    this.#heap = [];
    return size;
  }

  #arm(): void {
    const first = this.#heap[0];
    if (first === undefined || first.dueMs >= this.#dueMs) return;
    this.#cancel?.();
    this.#dueMs = first.dueMs;
    this.#cancel = this.#timers.after(Math.max(0, first.dueMs - this.#nowMs()), () => this.#due());
  }

  #due(): void {
    this.#cancel = undefined;
    this.#dueMs = Number.POSITIVE_INFINITY;
    const nowMs = this.#nowMs();
    for (let first = this.#heap[0]; first !== undefined; first = this.#heap[0]) {
      if (first.dueMs > nowMs) break;
      this.#take();
      this.#held.give(first.bytes);
      this.#release(first.item);
    }
    this.#arm();
  }

  #take(): void {
    const last = this.#heap.pop();
    if (last === undefined || this.#heap.length === 0) return;
    this.#heap[0] = last;
    this.#sink(0);
  }

  #rise(from: number): void {
    let at = from;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!this.#isBefore(at, parent)) return;
      this.#swap(at, parent);
      at = parent;
    }
  }

  #sink(from: number): void {
    let at = from;
    for (;;) {
      const left = 2 * at + 1;
      if (left >= this.#heap.length) return;
      const right = left + 1;
      const child = right < this.#heap.length && this.#isBefore(right, left) ? right : left;
      if (!this.#isBefore(child, at)) return;
      this.#swap(child, at);
      at = child;
    }
  }

  #isBefore(one: number, other: number): boolean {
    const [a, b] = [this.#heap[one] as Held<Item>, this.#heap[other] as Held<Item>];
    return a.dueMs < b.dueMs || (a.dueMs === b.dueMs && a.number < b.number);
  }

  #swap(one: number, other: number): void {
    const held = this.#heap[one] as Held<Item>;
    this.#heap[one] = this.#heap[other] as Held<Item>;
    this.#heap[other] = held;
  }
}
