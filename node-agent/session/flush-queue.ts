import { Gathering } from './gathering.ts';

/** What has something to write once everything that arrived in this turn was looked at. */
export interface Flushable {
  flush(): void;
}

/**
 * Collects who has frames to write, so that all frames that arrive in one turn of the event loop
 * leave in one batch per receiver: fewer TLS records, fewer system calls.
 */
export class FlushQueue {
  /** What those who flush gather their batches in. */
  readonly gathering = new Gathering();
  readonly #atEndOfTurn: (action: () => void) => void;
  readonly #run = (): void => this.#flushAll();
  #waiting: Flushable[] = [];
  #spare: Flushable[] = [];

  /** @param atEndOfTurn runs an action soon, after what is happening now (`setImmediate`). */
  constructor(atEndOfTurn: (action: () => void) => void) {
    this.#atEndOfTurn = atEndOfTurn;
  }

  /** Each caller asks once until it is flushed. */
  add(flushable: Flushable): void {
    if (this.#waiting.length === 0) this.#atEndOfTurn(this.#run);
    this.#waiting.push(flushable);
  }

  #flushAll(): void {
    const waiting = this.#waiting;
    this.#waiting = this.#spare;
    for (const flushable of waiting) flushable.flush();
    waiting.length = 0;
    this.#spare = waiting;
  }
}
