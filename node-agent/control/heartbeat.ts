import type { Desired, Observed } from '#shared/contract/heartbeat.ts';
import type { Problem } from '#shared/contract/problem.ts';
import type { Timing } from '#shared/contract/timing.ts';
import type { Cancel, Clock, Timers } from '#shared/kernel/clock.ts';
import type { AgentApi, Answer } from './agent-api.ts';
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
 * So many periods an answer is listened to. A control plane that takes longer than one to answer
 * would never be heard otherwise: it renews the lease and sees a member that does not drain.
 */
export const answerPeriodsMax = 4;

/** A heartbeat that is on its way. */
interface Sent {
  readonly run: number;
  readonly seq: number;
  readonly sentMs: number;
  readonly batch: ReportBatch;
}

/**
 * Tells the control plane what is, and hears what should be (journey 2). One that is not answered
 * within a period is followed by the next, which carries the same lists under the next number; its
 * answer counts all the same, unless a later one's was faster.
 */
export class Heartbeat {
  readonly #options: HeartbeatOptions;
  #epoch = 0;
  #seq = 0;
  #timing: Timing | undefined;
  #cancelNext: Cancel | undefined;
  #nextAtMs = Number.POSITIVE_INFINITY;
  #lastSentMs = Number.NEGATIVE_INFINITY;
  /** The latest heartbeat can still be answered in time. */
  #onItsWay = false;
  #cancelPeriod: Cancel | undefined;
  /** Of the latest heartbeat that was answered. */
  #heardSeq = 0;
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
    this.#heardSeq = 0;
    this.#schedule(0);
  }

  stop(): void {
    this.#run += 1;
    this.#timing = undefined;
    this.#onItsWay = false;
    this.#nudged = false;
    this.#cancelPeriod?.();
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
    this.#cancelPeriod?.();
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
    this.#seq += 1;
    const batch = this.#options.reports.take();
    const sent: Sent = { run: this.#run, seq: this.#seq, sentMs: this.#nowMs(), batch };
    const { heartbeatEveryMs: everyMs } = timing;
    this.#onItsWay = true;
    this.#lastSentMs = sent.sentMs;
    this.#cancelPeriod = this.#options.timers.after(everyMs, () => {
      this.#options.onUnreachable('no answer within a period');
      this.#goOn(sent, everyMs);
    });
    const observed = { epoch: this.#epoch, seq: sent.seq, ...this.#options.observe(), ...batch };
    const answer = await this.#options.api.heartbeat(observed, answerPeriodsMax * everyMs);
    if (sent.run !== this.#run) return;
    const isInTime = this.#onItsWay && sent.seq === this.#seq;
    if (isInTime) this.#cancelPeriod();
    this.#hear(sent, answer, timing, isInTime);
    if (isInTime) this.#goOn(sent, everyMs);
  }

  /** The next one, unless what was heard ended this run. */
  #goOn({ run, sentMs }: Sent, everyMs: number): void {
    if (run !== this.#run) return;
    this.#onItsWay = false;
    const sinceMs = this.#nowMs() - sentMs;
    const distanceMs = this.#nudged ? this.#options.nudgeMs : everyMs;
    this.#nudged = false;
    this.#schedule(Math.max(this.#options.nudgeMs, distanceMs) - sinceMs);
  }

  /** What a later heartbeat was answered is newer: orders of an older answer are done by then. */
  #hear(sent: Sent, answer: Answer<Desired>, timing: Timing, isInTime: boolean): void {
    if (sent.seq < this.#heardSeq) return;
    const { lease, onDesired, onProblem, onUnreachable, reports } = this.#options;
    if (answer.kind === 'unreachable') {
      if (isInTime) onUnreachable(answer.detail); // else that was said when its period was over
      return;
    }
    this.#heardSeq = sent.seq;
    if (answer.kind === 'problem') {
      onProblem(answer.problem);
      return;
    }
    lease.renewed(sent.sentMs, timing.fenceAfterMs);
    if (answer.value.late !== true) reports.acknowledge(sent.batch);
    onDesired(answer.value);
  }
}
