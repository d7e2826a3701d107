import type { Clock } from '#shared/kernel/clock.ts';

export interface PaceOptions {
  readonly clock: Clock;
  readonly atEndOfTurn: (action: () => void) => void;
  /** How long a turn of the event loop may take longer for it. */
  readonly turnMs: number;
}

/**
 * Does what can wait a moment, a little at the end of each turn and in order: a thousand clients
 * that leave at once do not keep the frames of all others waiting. Whoever uses it bounds how much.
 */
export class Pace {
  readonly #options: PaceOptions;
  #waiting: (() => void)[] = [];
  /** The first that was not done. */
  #next = 0;

  constructor(options: PaceOptions) {
    this.#options = options;
  }

  get waiting(): number {
    return this.#waiting.length - this.#next;
  }

  add(action: () => void): void {
    this.#waiting.push(action);
    if (this.#waiting.length === 1) this.#options.atEndOfTurn(() => this.#run());
  }

  #run(): void {
    const { clock, turnMs, atEndOfTurn } = this.#options;
    const endMs = clock.monotonicMs() + turnMs;
    do {
      const action = this.#waiting[this.#next] as () => void;
      this.#next += 1;
      action();
    } while (this.waiting > 0 && clock.monotonicMs() < endMs);
    if (this.waiting > 0) {
      atEndOfTurn(() => this.#run());
    } else {
      this.#waiting = [];
      this.#next = 0;
    }
  }
}
