/** Half of what a hub once had is forgotten after this long without it. */
const halfLifeMs = 7 * 24 * 3_600_000;
/** Worth telling: a quarter more or less than was told, and more than a handful. */
const newsRatio = 0.25;
const newsSessions = 4;

/**
 * How many sessions a hub usually has: the most there were lately, slowly forgotten. The control
 * plane places the hub by it when its first client comes back, long before the others do.
 */
export class UsualSessions {
  #peak: number;
  #peakMs: number;
  #told: number;

  /** `told` is what the control plane knows already; 0: nothing. */
  constructor(told: number, nowMs: number) {
    this.#peak = told;
    this.#peakMs = nowMs;
    this.#told = told;
  }

  /** There are so many now. */
  see(sessions: number, nowMs: number): void {
    if (sessions < this.value(nowMs)) return;
    this.#peak = sessions;
    this.#peakMs = nowMs;
  }

  value(nowMs: number): number {
    return Math.round(this.#peak * 0.5 ** ((nowMs - this.#peakMs) / halfLifeMs));
  }

  /** What the control plane should hear while the hub runs; each piece of news once. */
  news(nowMs: number): number | undefined {
    const value = this.value(nowMs);
    if (Math.abs(value - this.#told) <= newsSessions + newsRatio * this.#told) return undefined;
    this.#told = value;
    return value;
  }

  /** What it should hear at the end: whatever it does not know. A single session is no news. */
  last(nowMs: number): number | undefined {
    const value = this.value(nowMs);
    return value === this.#told || Math.max(value, this.#told) < 2 ? undefined : value;
  }
}
