import type { WitnessTiming } from './witness-timing.ts';

const never = Number.NEGATIVE_INFINITY;

/**
 * Whether this member has been there to be told. While it is stopped nobody gets through to it, and
 * somebody it has never heard of may have been given its hubs. So it is a witness only while it
 * looks around regularly; and once it did not, not before everybody has had the time to tell it
 * again.
 */
export class Attendance {
  #lookedMs = never;
  #listensUntilMs = never;

  /** It looks around now; it was to do so at `dueMs`. */
  look(nowMs: number, dueMs: number, timing: WitnessTiming): void {
    const stoppedMs = timing.validMs - timing.askEveryMs;
    if (nowMs - dueMs >= stoppedMs) this.#listensUntilMs = nowMs + timing.listenMs;
    this.#lookedMs = nowMs;
  }

  /** Until when it counts as there, if it does not look again. */
  untilMs(nowMs: number, { validMs }: WitnessTiming): number {
    return this.isListening(nowMs) ? never : this.#lookedMs + validMs;
  }

  isListening(nowMs: number): boolean {
    return nowMs < this.#listensUntilMs;
  }
}
