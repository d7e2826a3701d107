/** Time as it is passed in. Nothing below the composition roots reads a global clock. */
export interface Clock {
  /** Wall clock, Unix milliseconds. For what is stored or shown; never compared across machines. */
  nowMs(): number;
  /** Monotonic milliseconds of this process; only differences mean anything. */
  monotonicMs(): number;
}

/** Timers as they are passed in, so that tests and the simulator own the passage of time. */
export interface Timers {
  /** Run `action` once after `delayMs`; the returned function cancels it, also twice. */
  after(delayMs: number, action: () => void): Cancel;
}

export type Cancel = () => void;
