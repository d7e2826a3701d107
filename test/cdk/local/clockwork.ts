import { systemRandom } from '#cdk/local/system.ts';
import type { Clock } from '#shared/kernel/clock.ts';
import type { Random } from '#shared/kernel/random.ts';

/** A wall clock that stands where it is set. */
export class SettableClock implements Clock {
  ms: number;

  constructor(ms: number) {
    this.ms = ms;
  }

  nowMs(): number {
    return this.ms;
  }

  monotonicMs(): number {
    return this.ms;
  }
}

/** Real randomness: keys are keys. */
export const realRandom: Random = systemRandom;
