import { randomUUID } from 'node:crypto';
import type { Cancel, Clock, Timers } from '#shared/kernel/clock.ts';
import type { LogFile } from '../log-file.ts';
import type { Reaper } from '../process/reaper.ts';
import { chainMax, nextInChain } from './chain.ts';
import { FunctionProcess, type LocalFunction, type Outcome } from './function-process.ts';

/** Most processes of one function; AWS would run a thousand. */
export const processesMax = 8;
/** Most invocations that wait for a process; what is over is throttled. */
export const waitingMax = 512;
/** AWS: the largest event of a synchronous invocation, and the largest answer. */
export const payloadBytesMax = 6 * 1024 * 1024;
/** A process beyond the first ends after this long without work. */
const idleMs = 30_000;

export interface PoolServices {
  readonly log: LogFile;
  readonly reaper: Reaper;
  readonly clock: Clock;
  readonly timers: Timers;
  /** Told of a function that does not load, fails, or runs out of time or memory. */
  readonly onTrouble?: (message: string) => void;
  /** Told of each line the function writes. */
  readonly onLine?: (line: string) => void;
}

interface Waiting {
  /** JSON. */
  readonly event: string;
  readonly traceHeader: string;
  readonly settle: (outcome: Outcome) => void;
}

/**
 * Runs one function: a process serves one invocation at a time, more are started while all are
 * busy, one stays warm. Left out: freezing between invocations, cold start times.
 */
export class FunctionPool {
  readonly spec: LocalFunction;
  private readonly services: PoolServices;
  private readonly processes = new Set<FunctionProcess>();
  private readonly waiting: Waiting[] = [];
  private cancelTrim: Cancel = () => undefined;
  private stopped = false;

  constructor(spec: LocalFunction, services: PoolServices) {
    this.spec = spec;
    this.services = services;
  }

  /** Processes alive now. */
  get size(): number {
    return this.processes.size;
  }

  /** Load the function before the first event needs it. */
  warm(): void {
    if (this.processes.size === 0) this.start();
  }

  /**
   * Run the function once. Never rejects: how it ended is the answer. `traces`: headers of the
   * messages it is run for, in which Lambda sees that it runs for messages of its own.
   */
  invoke(event: unknown, traces: readonly string[] = []): Promise<Outcome> {
    const chain = nextInChain(traces, this.spec.name);
    if (chain.count > chainMax && this.spec.mayLoop !== true) {
      this.tell(`is in a loop with itself, and stopped: its RecursiveLoop is not Allow`);
      return Promise.resolve({
        kind: 'error',
        errorType: 'RecursiveInvocation',
        errorMessage: `invoked more than ${chainMax} times by messages of its own`,
      });
    }
    const text = JSON.stringify(event);
    if (Buffer.byteLength(text) > payloadBytesMax) {
      return Promise.resolve({
        kind: 'error',
        errorType: 'RequestTooLargeException',
        errorMessage: `the event is larger than ${payloadBytesMax} bytes`,
      });
    }
    if (this.stopped || this.waiting.length >= waitingMax) {
      return Promise.resolve({ kind: 'throttled' });
    }
    return new Promise((settle) => {
      this.waiting.push({ event: text, traceHeader: chain.header, settle });
      this.assign();
    });
  }

  stop(): void {
    this.stopped = true;
    this.cancelTrim();
    for (const waiting of this.waiting.splice(0)) waiting.settle({ kind: 'throttled' });
    for (const process of this.processes) process.kill();
  }

  /** Processes at most: fewer, if the template reserves fewer for this function. */
  private get most(): number {
    return Math.min(processesMax, this.spec.reservedConcurrency ?? processesMax);
  }

  /** Give waiting invocations to idle processes; start more processes for those left over. */
  private assign(): void {
    for (const process of this.processes) {
      if (process.state !== 'idle') continue;
      const next = this.waiting.shift();
      if (next === undefined) {
        this.scheduleTrim();
        return;
      }
      void this.run(process, next);
    }
    const starting = this.count('starting');
    for (let missing = this.waiting.length - starting; missing > 0; missing -= 1) {
      if (this.stopped || this.processes.size >= this.most) return;
      this.start();
    }
  }

  private async run(
    process: FunctionProcess,
    { event, settle, traceHeader }: Waiting,
  ): Promise<void> {
    const { clock, timers, log } = this.services;
    const { timeoutMs, arn } = this.spec;
    const requestId = randomUUID();
    let timedOut = false;
    const cancel = timers.after(timeoutMs, () => {
      timedOut = true;
      process.kill();
    });
    const outcome = await process.run({
      requestId,
      functionArn: arn,
      deadlineMs: clock.nowMs() + timeoutMs,
      traceHeader,
      event,
    });
    cancel();
    const ended: Outcome = timedOut
      ? {
          kind: 'error',
          errorType: 'Sandbox.Timedout',
          errorMessage: `Task timed out after ${(timeoutMs / 1_000).toFixed(2)} seconds`,
        }
      : withinLimit(outcome);
    if (ended.kind === 'error') {
      log.append(`${requestId} ${ended.errorType}: ${ended.errorMessage}\n`);
      if (!this.stopped) this.tell(`fails: ${ended.errorType}: ${ended.errorMessage}`);
    }
    settle(ended);
  }

  private start(): void {
    const { log, reaper } = this.services;
    const process = new FunctionProcess(this.spec, log, reaper, {
      onIdle: () => this.assign(),
      onLine: (line) => this.services.onLine?.(line),
      onExit: (ended, description) => this.remove(ended, description),
    });
    this.processes.add(process);
  }

  /** A process ended. One that never became ready takes one invocation with it, lest it loop. */
  private remove(process: FunctionProcess, description: string): void {
    this.processes.delete(process);
    if (!process.wasReady && !this.stopped) {
      this.services.log.append(`failed to start: ${description}\n`);
      this.tell(`does not load: ${description}`);
      this.waiting.shift()?.settle({
        kind: 'error',
        errorType: 'Runtime.InitError',
        errorMessage: `the function's module did not load: ${description}`,
      });
    }
    this.assign();
  }

  private tell(what: string): void {
    this.services.onTrouble?.(`${this.spec.name} ${what}`);
  }

  /** End idle processes but one, a while after the last work. */
  private scheduleTrim(): void {
    this.cancelTrim();
    if (this.processes.size <= 1) return;
    this.cancelTrim = this.services.timers.after(idleMs, () => {
      const idle = [...this.processes].filter(({ state }) => state === 'idle');
      for (const process of idle.slice(1)) process.kill();
    });
  }

  private count(state: FunctionProcess['state']): number {
    return [...this.processes].filter((process) => process.state === state).length;
  }
}

function withinLimit(outcome: Outcome): Outcome {
  if (outcome.kind !== 'answer' || Buffer.byteLength(outcome.payload) <= payloadBytesMax) {
    return outcome;
  }
  return {
    kind: 'error',
    errorType: 'Function.ResponseSizeTooLarge',
    errorMessage: `the answer is larger than ${payloadBytesMax} bytes`,
  };
}
