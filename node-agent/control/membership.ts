import type { Desired } from '#shared/contract/heartbeat.ts';
import type { JoinRequest, JoinResponse } from '#shared/contract/member.ts';
import type { Problem } from '#shared/contract/problem.ts';
import { assertTiming } from '#shared/contract/timing.ts';
import { unreachable } from '#shared/kernel/assert.ts';
import type { Cancel, Clock, Timers } from '#shared/kernel/clock.ts';
import type { Log } from '#shared/kernel/log.ts';
import { between, type Random } from '#shared/kernel/random.ts';
import type { AgentApi } from './agent-api.ts';
import { Heartbeat, type Observation, type PendingReports } from './heartbeat.ts';
import type { Lease } from './lease.ts';

export interface MembershipLimits {
  readonly joinMs: number;
  readonly retryMsMin: number;
  readonly retryMsMax: number;
  readonly nudgeMs: number;
}

export interface MembershipOptions {
  readonly api: AgentApi;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  readonly log: Log;
  readonly lease: Lease;
  readonly reports: PendingReports;
  readonly limits: MembershipLimits;
  readonly joinRequest: () => JoinRequest;
  readonly observe: () => Observation;
  readonly onJoined: (joined: JoinResponse) => void;
  readonly onDesired: (desired: Desired) => void;
  /** The control plane had given this member up: exclusive hubs are no longer ours. */
  readonly onEpochOver: () => void;
  /** This machine will never be a member again. */
  readonly onTerminated: () => void;
}

/** Being a member: join, heartbeat, and join anew whenever the epoch is over. */
export class Membership {
  readonly #options: MembershipOptions;
  readonly #heartbeat: Heartbeat;
  #epoch: number | undefined;
  /** Joins tried since a heartbeat was last answered. */
  #attempts = 0;
  #missed = 0;
  #cancelJoin: Cancel | undefined;
  #stopped = false;

  constructor(options: MembershipOptions) {
    this.#options = options;
    this.#heartbeat = new Heartbeat({
      ...options,
      nudgeMs: options.limits.nudgeMs,
      onDesired: (desired) => this.#onDesired(desired),
      onProblem: (problem) => this.#onProblem(problem),
      onUnreachable: (detail) => this.#onMissed(detail),
    });
  }

  /** This member's epoch; `undefined` while it has not joined. */
  get epoch(): number | undefined {
    return this.#epoch;
  }

  start(): void {
    void this.#join();
  }

  /** Send a heartbeat soon. */
  nudge(): void {
    this.#heartbeat.nudge();
  }

  /** Send a heartbeat now, whatever became of the one that is on its way. */
  hurry(): void {
    this.#heartbeat.hurry();
  }

  stop(): void {
    this.#stopped = true;
    this.#cancelJoin?.();
    this.#heartbeat.stop();
  }

  async #join(): Promise<void> {
    const { api, limits, joinRequest, log } = this.#options;
    const answer = await api.join(joinRequest(), limits.joinMs);
    if (this.#stopped) return;
    if (answer.kind === 'ok') {
      const { epoch, timing, memberId } = answer.value;
      assertTiming(timing);
      this.#attempts = Math.max(1, this.#attempts);
      this.#epoch = epoch;
      log.info('member.joined', { memberId, epoch });
      this.#options.onJoined(answer.value);
      this.#heartbeat.start(epoch, timing);
      return;
    }
    const why = answer.kind === 'problem' ? answer.problem : { detail: answer.detail };
    log.warn('join.failed', { attempt: this.#attempts + 1, ...why });
    if (answer.kind === 'problem' && answer.problem.kind === 'terminated') {
      this.#options.onTerminated();
      return;
    }
    this.#retryJoin();
  }

  /** For ever, at growing and jittered distances. */
  #retryJoin(): void {
    const { limits, random, timers } = this.#options;
    const fullMs = Math.min(
      limits.retryMsMax,
      limits.retryMsMin * 2 ** Math.min(this.#attempts, 16),
    );
    this.#attempts += 1;
    this.#cancelJoin = timers.after(between(random, fullMs / 2, fullMs), () => void this.#join());
  }

  #onDesired(desired: Desired): void {
    if (this.#missed > 0) this.#options.log.info('heartbeat.resumed', { missed: this.#missed });
    this.#missed = 0;
    this.#attempts = 0;
    if (desired.state === 'lost') this.#rejoin('lost');
    else if (desired.state === 'terminated') this.#terminate();
    else this.#options.onDesired(desired);
  }

  #onProblem(problem: Problem): void {
    switch (problem.kind) {
      case 'stale-epoch':
      case 'not-joined':
        this.#rejoin(problem.kind);
        return;
      case 'terminated':
        this.#terminate();
        return;
      case 'unavailable':
      case 'invalid-request':
      case 'not-a-member':
      case 'no-such-ticket':
        this.#onMissed(`${problem.kind}: ${problem.detail}`);
        return;
      default:
        unreachable(problem.kind);
    }
  }

  #onMissed(detail: string): void {
    this.#missed += 1;
    this.#options.log.warn('heartbeat.missed', { missed: this.#missed, detail });
  }

  #rejoin(cause: string): void {
    this.#options.log.warn('epoch.over', { epoch: this.#epoch, cause });
    const heardOnce = this.#attempts === 0;
    this.#leave();
    if (heardOnce) void this.#join();
    else this.#retryJoin();
  }

  #terminate(): void {
    this.#leave();
    this.#options.onTerminated();
  }

  #leave(): void {
    this.#heartbeat.stop();
    this.#epoch = undefined;
    this.#options.lease.end();
    this.#options.onEpochOver();
  }
}
