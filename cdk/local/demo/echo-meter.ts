/** Unanswered this long, a request counts as lost. */
export const lostAfterMs = 2_000;
/** Weight of one round trip in the average shown. */
const smoothing = 0.2;

/** Counts what one client asked and what came back. Times are monotonic milliseconds. */
export class EchoMeter {
  sent = 0;
  received = 0;
  lost = 0;
  /** Smoothed; undefined before the first answer, and once answers stay away. */
  roundTripMs: number | undefined;
  /** Send times by sequence, oldest first: at most what is sent within {@link lostAfterMs}. */
  readonly #waiting = new Map<number, number>();

  /** The sequence number of a request made now. */
  ask(nowMs: number): number {
    this.sent += 1;
    this.#waiting.set(this.sent, nowMs);
    return this.sent;
  }

  answered(sequence: number, nowMs: number): void {
    const askedMs = this.#waiting.get(sequence);
    if (askedMs === undefined) return; // lost before, or answered twice
    this.#waiting.delete(sequence);
    this.received += 1;
    const tookMs = nowMs - askedMs;
    const averageMs = this.roundTripMs ?? tookMs;
    this.roundTripMs = averageMs + smoothing * (tookMs - averageMs);
  }

  /** Give up on requests that waited too long. */
  expire(nowMs: number): void {
    for (const [sequence, askedMs] of this.#waiting) {
      if (nowMs - askedMs < lostAfterMs) return;
      this.#waiting.delete(sequence);
      this.lost += 1;
      this.roundTripMs = undefined;
    }
  }
}
