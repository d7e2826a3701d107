/**
 * The member's right to run dynamic hubs (I2). It counts from the moment the last acknowledged
 * heartbeat was *sent*, on this process's monotonic clock: at that moment at the latest the control
 * plane had not begun to count. Whoever forwards asks at the head of every batch.
 */
export class Lease {
  #heldUntilMs = Number.NEGATIVE_INFINITY;
  #lostAtMs = Number.NEGATIVE_INFINITY;

  /** A heartbeat sent at `sentMs` was acknowledged. Answers may overtake each other. */
  renewed(sentMs: number, fenceAfterMs: number): void {
    this.#heldUntilMs = Math.max(this.#heldUntilMs, sentMs + fenceAfterMs);
    this.#lostAtMs = this.#heldUntilMs;
  }

  held(monotonicMs: number): boolean {
    return monotonicMs < this.#heldUntilMs;
  }

  /** For how long it has not been held; 0 while it is. */
  lostForMs(monotonicMs: number): number {
    return this.held(monotonicMs) ? 0 : monotonicMs - this.#lostAtMs;
  }

  /** The control plane says that this epoch is over. */
  end(monotonicMs: number): void {
    this.#heldUntilMs = Number.NEGATIVE_INFINITY;
    this.#lostAtMs = monotonicMs;
  }
}
