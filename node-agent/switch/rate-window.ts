const windowMs = 60_000;

/** Lets so many events a minute pass and counts the others. */
export class RateWindow {
  #windowMs = Number.NEGATIVE_INFINITY;
  #passed = 0;
  /** Events kept back since this was last set to 0. */
  suppressed = 0;

  admits(perMinuteMax: number, nowMs: number): boolean {
    if (nowMs - this.#windowMs >= windowMs) {
      this.#windowMs = nowMs;
      this.#passed = 0;
    }
    if (this.#passed < perMinuteMax) {
      this.#passed += 1;
      return true;
    }
    this.suppressed += 1;
    return false;
  }
}
