import type { Cancel, Clock, Timers } from '#shared/kernel/clock.ts';
import type { VirtualTime } from './virtual-time.ts';

/** How a machine's clocks differ from the truth. */
export interface ClockFault {
  /** Wall clock minus true time. */
  readonly offsetMs: number;
  /** Seconds gained per second. */
  readonly drift: number;
}

/** Unix milliseconds at the beginning of every run. */
export const epochMs = 1_800_000_000_000;

/** Most work that may wait for a stopped process to go on. */
const deferredMax = 100_000;

/**
 * A process on a machine, or a thread of one: its clocks, its timers, and whether it runs. While
 * stopped (SIGSTOP) nothing of it happens; what was due happens when it goes on. Once dead, never.
 */
export class SimProcess {
  readonly name: string;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly #time: VirtualTime;
  readonly #fault: ClockFault;
  readonly #threads: SimProcess[] = [];
  readonly #deferred: (() => void)[] = [];
  #state: 'running' | 'stopped' | 'dead' = 'running';
  #timersPending = 0;

  constructor(name: string, time: VirtualTime, fault: ClockFault) {
    this.name = name;
    this.#time = time;
    this.#fault = fault;
    const rate = 1 + fault.drift;
    this.clock = {
      nowMs: () => Math.floor(epochMs + fault.offsetMs + time.nowMs * rate),
      monotonicMs: () => time.nowMs * rate,
    };
    this.timers = { after: (delayMs, action) => this.#after(delayMs / rate, action) };
  }

  get isDead(): boolean {
    return this.#state === 'dead';
  }

  get isStopped(): boolean {
    return this.#state === 'stopped';
  }

  get timersPending(): number {
    return this.#threads.reduce((sum, one) => sum + one.timersPending, this.#timersPending);
  }

  /** Another thread of it: stops, goes on and ends with it. */
  thread(): SimProcess {
    const thread = new SimProcess(this.name, this.#time, this.#fault);
    this.#threads.push(thread);
    return thread;
  }

  /** Something happens to this process: now, when it goes on, or never. */
  run(action: () => void): void {
    if (this.#state === 'running') action();
    else if (this.#state === 'stopped' && this.#deferred.length < deferredMax) {
      this.#deferred.push(action);
    }
  }

  stop(): void {
    this.stall();
    for (const thread of this.#threads) thread.stop();
  }

  /** Its first thread stops, the others go on. */
  stall(): void {
    if (this.#state === 'running') this.#state = 'stopped';
  }

  /** Everything that waited happens now, in its order, each as an event of its own. */
  goOn(): void {
    for (const thread of this.#threads) thread.goOn();
    if (this.#state !== 'stopped') return;
    this.#state = 'running';
    for (const action of this.#deferred.splice(0)) this.#time.after(0, () => this.run(action));
  }

  kill(): void {
    for (const thread of this.#threads) thread.kill();
    this.#state = 'dead';
    this.#deferred.length = 0;
  }

  #after(delayMs: number, action: () => void): Cancel {
    let over = false;
    this.#timersPending += 1;
    const end = (): void => {
      if (!over) this.#timersPending -= 1;
      over = true;
    };
    // A timer cancelled while the process was stopped must not fire when it goes on.
    const cancel = this.#time.after(delayMs, () =>
      this.run(() => {
        if (over) return;
        end();
        action();
      }),
    );
    return () => {
      end();
      cancel();
    };
  }
}
