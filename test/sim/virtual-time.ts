import type { Cancel } from '#shared/kernel/clock.ts';

interface Event {
  readonly atMs: number;
  /** Ties happen in the order they were asked for. */
  readonly order: number;
  action: (() => void) | undefined;
}

/**
 * The one clock and the one queue of events. Between two events everything that was promised is
 * carried on until it waits for an event again, so that a run depends on nothing but its seed.
 */
export class VirtualTime {
  readonly #heap: Event[] = [];
  #order = 0;
  #nowMs = 0;
  #events = 0;

  /** True time; no machine of the world knows it. */
  get nowMs(): number {
    return this.#nowMs;
  }

  /** Events that have happened. */
  get events(): number {
    return this.#events;
  }

  get waiting(): number {
    return this.#heap.length;
  }

  after(delayMs: number, action: () => void): Cancel {
    const atMs = this.#nowMs + Math.max(0, delayMs);
    const event: Event = { atMs, order: this.#order++, action };
    this.#push(event);
    return () => {
      event.action = undefined;
    };
  }

  wait(delayMs: number): Promise<void> {
    return new Promise((resolve) => this.after(delayMs, resolve));
  }

  /** Let everything happen until `untilMs`; `afterEach` looks at the world, true ends the run. */
  async run(untilMs: number, afterEach: () => boolean): Promise<void> {
    await settled();
    for (;;) {
      const next = this.#heap[0];
      if (next === undefined || next.atMs > untilMs) break;
      this.#pop();
      if (next.action === undefined) continue;
      this.#nowMs = next.atMs;
      this.#events += 1;
      next.action();
      await settled();
      if (afterEach()) return;
    }
    this.#nowMs = Math.max(this.#nowMs, untilMs);
  }

  #push(event: Event): void {
    const heap = this.#heap;
    let at = heap.length;
    heap.push(event);
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (before(heap[parent] as Event, event)) break;
      heap[at] = heap[parent] as Event;
      at = parent;
    }
    heap[at] = event;
  }

  #pop(): void {
    const heap = this.#heap;
    const last = heap.pop() as Event;
    if (heap.length === 0) return;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && before(heap[child + 1] as Event, heap[child] as Event)) {
        child += 1;
      }
      if (before(last, heap[child] as Event)) break;
      heap[at] = heap[child] as Event;
      at = child;
    }
    heap[at] = last;
  }
}

function before(one: Event, other: Event): boolean {
  return one.atMs < other.atMs || (one.atMs === other.atMs && one.order < other.order);
}

/** Every promise that can be kept without another event has been kept. */
function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
