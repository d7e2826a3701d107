import type { Clock } from '#shared/kernel/clock.ts';
import type { Fields, Log } from '#shared/kernel/log.ts';
import { RateWindow } from '../switch/rate-window.ts';

/**
 * Tells of those who are turned away, so many a minute for each reason: anybody can have himself
 * turned away, as often as he likes, and each line costs money. What is kept back is counted in
 * the next line that passes. Reasons are names in our own code: there are few.
 */
export class RejectLog {
  readonly #log: Log;
  readonly #clock: Clock;
  readonly #perMinuteMax: number;
  readonly #windows = new Map<string, RateWindow>();

  constructor(log: Log, clock: Clock, perMinuteMax: number) {
    this.#log = log;
    this.#clock = clock;
    this.#perMinuteMax = perMinuteMax;
  }

  warn(event: string, reason: string, fields: Fields): void {
    const key = `${event} ${reason}`; // logins and administrators are rejected for some of the same
    const window = this.#windows.get(key) ?? new RateWindow();
    this.#windows.set(key, window);
    if (!window.admits(this.#perMinuteMax, this.#clock.monotonicMs())) return;
    const { suppressed } = window;
    window.suppressed = 0;
    this.#log.warn(event, { reason, ...fields, ...(suppressed > 0 && { suppressed }) });
  }
}
