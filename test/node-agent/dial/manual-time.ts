import type { Cancel, Clock, Timers } from '#shared/kernel/clock.ts';

/** Time that stands still until a test moves it. */
export class ManualTime implements Clock, Timers {
  #nowMs = 1_000;
  readonly #due = new Set<{ readonly atMs: number; readonly action: () => void }>();

  nowMs(): number {
    return this.#nowMs;
  }

  monotonicMs(): number {
    return this.#nowMs;
  }

  after(delayMs: number, action: () => void): Cancel {
    const entry = { atMs: this.#nowMs + delayMs, action };
    this.#due.add(entry);
    return () => this.#due.delete(entry);
  }

  /** Timers that wait, for tests that expect none. */
  get waiting(): number {
    return this.#due.size;
  }

  /** Move on, running what comes due in order, also what it sets up itself. */
  advance(spanMs: number): void {
    const endMs = this.#nowMs + spanMs;
    for (;;) {
      const [next] = [...this.#due].sort((a, b) => a.atMs - b.atMs);
      if (next === undefined || next.atMs > endMs) break;
      this.#due.delete(next);
      this.#nowMs = Math.max(this.#nowMs, next.atMs);
      next.action();
    }
    this.#nowMs = endMs;
  }
}
