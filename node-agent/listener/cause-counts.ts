/** How often something ended for which cause. Causes are names in our own code: there are few. */
export class CauseCounts {
  #counts = new Map<string, number>();

  count(cause: string): void {
    this.#counts.set(cause, (this.#counts.get(cause) ?? 0) + 1);
  }

  /** What was counted since last asked. */
  take(): Record<string, number> {
    const counts = Object.fromEntries(this.#counts);
    this.#counts = new Map();
    return counts;
  }
}
