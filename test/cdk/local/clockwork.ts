import { systemRandom, systemTimers } from '#cdk/local/system.ts';
import type { Clock, Timers } from '#shared/kernel/clock.ts';
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

/** The real timers and randomness, for processes and sockets know no other. */
export const realTimers: Timers = systemTimers;
export const realRandom: Random = systemRandom;
