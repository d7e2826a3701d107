import type { Desired, Observed } from '#shared/contract/heartbeat.ts';
import type { Problem } from '#shared/contract/problem.ts';
import type { Timing } from '#shared/contract/timing.ts';
import type { Cancel, Clock, Timers } from '#shared/kernel/clock.ts';
import type { AgentApi } from './agent-api.ts';
import type { Lease } from './lease.ts';
import type { ReportBatch } from './reports.ts';

/** What a heartbeat says besides its lists. */
export type Observation = Pick<
  Observed,
  'state' | 'sessions' | 'awaited' | 'connections' | 'hubs' | 'peers'
>;

/** What has to be told and was not acknowledged yet. */
export interface PendingReports {
  /** For the next heartbeat. */
  take(): ReportBatch;
  /** The heartbeat that carried `batch` was answered. */
  acknowledge(batch: ReportBatch): void;
}

export interface HeartbeatOptions {
  readonly api: AgentApi;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly lease: Lease;
  readonly reports: PendingReports;
  /** Heartbeats asked for out of turn keep this distance. */
  readonly nudgeMs: number;
  readonly observe: () => Observation;
  readonly onDesired: (desired: Desired) => void;
  readonly onProblem: (problem: Problem) => void;
  readonly onUnreachable: (detail: string) => void;
}

/**
 * Tells the control plane what is, and hears what should be (journey 2). One heartbeat is on its
 * way at a time; one that is not answered within a period is given up, and the next carries the
 * same lists under the next number.
 */
export class Heartbeat {
  readonly #options: HeartbeatOptions;
  #epoch = 0;
  #seq = 0;
  #timing: Timing | undefined;
  #cancelNext: Cancel | undefined;
  #nextAtMs = Number.POSITIVE_INFINITY;
  #lastSentMs = Number.NEGATIVE_INFINITY;
  #onItsWay = false;
  #nudged = false;
  /** Grows with each start and stop; what returns from an earlier run changes nothing. */
  #run = 0;

  constructor(options: HeartbeatOptions) {
    this.#options = options;
  }

  start(epoch: number, timing: Timing): void {
    this.stop();
    this.#epoch = epoch;
    this.#timing = timing;
    this.#seq = 0;
    this.#schedule(0);
  }

  stop(): void {
    this.#run += 1;
    this.#timing = undefined;
    this.#onItsWay = false;
    this.#nudged = false;
    this.#cancelNext?.();
    this.#nextAtMs = Number.POSITIVE_INFINITY;
  }

  /** There is something to say that should not wait for the period. */
  nudge(): void {
    if (this.#timing === undefined) return;
    if (this.#onItsWay) this.#nudged = true;
    else this.#schedule(this.#options.nudgeMs - (this.#nowMs() - this.#lastSentMs));
  }

  /**
   * The control plane seems to be back: do not wait for an answer to what was sent while it was
   * away. Should that still be answered, nobody listens; the next heartbeat tells the same.
   */
  hurry(): void {
    if (this.#timing === undefined) return;
    if (this.#onItsWay && this.#nowMs() - this.#lastSentMs < this.#options.nudgeMs) return;
    this.#run += 1;
    this.#onItsWay = false;
    this.#schedule(0);
  }

  #nowMs(): number {
    return this.#options.clock.monotonicMs();
  }

  #schedule(delayMs: number): void {
    const atMs = this.#nowMs() + Math.max(0, delayMs);
    if (atMs >= this.#nextAtMs) return;
    this.#cancelNext?.();
    this.#nextAtMs = atMs;
    this.#cancelNext = this.#options.timers.after(Math.max(0, delayMs), () => {
      this.#nextAtMs = Number.POSITIVE_INFINITY;
      void this.#beat();
    });
  }

  async #beat(): Promise<void> {
    const timing = this.#timing;
    if (timing === undefined || this.#onItsWay) return;
    const run = this.#run;
    this.#onItsWay = true;
    this.#seq += 1;
    const batch = this.#options.reports.take();
    const sentMs = this.#nowMs();
    this.#lastSentMs = sentMs;
    const observed = { epoch: this.#epoch, seq: this.#seq, ...this.#options.observe(), ...batch };
    const answer = await this.#options.api.heartbeat(observed, timing.heartbeatEveryMs);
    if (run !== this.#run) return;
    this.#onItsWay = false;
    if (answer.kind === 'ok') {
      this.#options.lease.renewed(sentMs, timing.fenceAfterMs);
      this.#options.reports.acknowledge(batch);
      this.#options.onDesired(answer.value);
    } else if (answer.kind === 'problem') {
      this.#options.onProblem(answer.problem);
    } else {
      this.#options.onUnreachable(answer.detail);
    }
    if (run !== this.#run) return;
    const sinceMs = this.#nowMs() - sentMs;
    const distanceMs = this.#nudged ? this.#options.nudgeMs : timing.heartbeatEveryMs;
    this.#nudged = false;
    this.#schedule(Math.max(this.#options.nudgeMs, distanceMs) - sinceMs);
  }
}
