type Action = () => void;

/** Nothing is planned further ahead than this. */
const horizonMs = 1 << 15;

/** Simulated time in whole milliseconds; what is due together happens in the order of planning. */
export class Timeline {
  readonly #slots: Action[][] = Array.from({ length: horizonMs }, () => []);
  #nowMs = 0;

  get nowMs(): number {
    return this.#nowMs;
  }

  /** At least a millisecond later. */
  after(delayMs: number, action: Action): void {
    const wholeMs = Math.max(1, Math.round(delayMs));
    if (wholeMs >= horizonMs) throw new Error(`${delayMs} ms is beyond the horizon`);
    this.#slots[(this.#nowMs + wholeMs) % horizonMs]?.push(action);
  }

  every(periodMs: number, phaseMs: number, action: Action): void {
    this.after(phaseMs, () => {
      action();
      this.every(periodMs, periodMs, action);
    });
  }

  runUntil(isOver: () => boolean): void {
    while (!isOver()) {
      this.#nowMs += 1;
      const due = this.#slots[this.#nowMs % horizonMs];
      if (due === undefined || due.length === 0) continue;
      this.#slots[this.#nowMs % horizonMs] = [];
      for (const action of due) action();
    }
  }
}
