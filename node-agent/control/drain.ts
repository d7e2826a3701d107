import type { Clock, Timers } from '#shared/kernel/clock.ts';
import { between, type Random } from '#shared/kernel/random.ts';
import type { HubTable } from '../session/hub-table.ts';
import type { Session } from '../session/session.ts';

export interface DrainLimits {
  readonly stepMs: number;
  readonly sessionsPerStepMin: number;
  readonly spreadMs: number;
  readonly graceMs: number;
  readonly deadlineMs: number;
}

export interface DrainOptions {
  readonly hubs: HubTable;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  readonly limits: DrainLimits;
  /** Whether the control plane knows that nothing is left here, or there is none to tell. */
  readonly isAcknowledged: () => boolean;
  /** Something the control plane waits for has changed. */
  readonly nudge: () => void;
}

export interface DrainResult {
  readonly closed: number;
  readonly tookMs: number;
  readonly onTime: boolean;
}

/**
 * Empties this member (journey 3): sessions are closed in order a few at a time, those of dynamic
 * hubs first, and each hub is given back as soon as it is empty. A client that is closed so is back
 * at the front door after its retry interval. Ends when nobody is left, the last ones closed have
 * had time to hear error 13, and the control plane knows; at the deadline in any case.
 */
export class Drain {
  readonly #options: DrainOptions;
  #startedMs = 0;
  #lastClosedMs = Number.NEGATIVE_INFINITY;
  #closed = 0;
  #perStep = 0;

  constructor(options: DrainOptions) {
    this.#options = options;
  }

  run(): Promise<DrainResult> {
    const { limits, hubs, clock } = this.#options;
    this.#startedMs = clock.monotonicMs();
    const sessions = hubs.all().reduce((sum, hub) => sum + hub.sessions.size, 0);
    const steps = limits.spreadMs / limits.stepMs;
    this.#perStep = Math.max(limits.sessionsPerStepMin, Math.ceil(sessions / steps));
    return new Promise((resolve) => this.#step(resolve));
  }

  #step(resolve: (result: DrainResult) => void): void {
    const { limits, random, timers, clock } = this.#options;
    const tookMs = clock.monotonicMs() - this.#startedMs;
    const onTime = tookMs < limits.deadlineMs;
    const empty = this.#closeSome(onTime ? this.#perStep : Number.POSITIVE_INFINITY);
    const quietMs = clock.monotonicMs() - this.#lastClosedMs;
    if (!onTime || (empty && quietMs >= limits.graceMs && this.#options.isAcknowledged())) {
      resolve({ closed: this.#closed, tookMs, onTime });
      return;
    }
    const delayMs = between(random, limits.stepMs / 2, (limits.stepMs * 3) / 2);
    timers.after(delayMs, () => this.#step(resolve));
  }

  /** True if nothing is left. */
  #closeSome(sessionsMax: number): boolean {
    const { hubs, clock, nudge } = this.#options;
    const before = hubs.size;
    let left = sessionsMax;
    for (const session of this.#sessions()) {
      if (left === 0) break;
      left -= 1;
      session.close('drain');
      this.#closed += 1;
      this.#lastClosedMs = clock.monotonicMs();
    }
    for (const hub of hubs.all()) {
      if (hub.sessions.size === 0) hubs.close(hub, 'drain');
    }
    if (hubs.size !== before) nudge();
    return hubs.size === 0;
  }

  /** Hub by hub, dynamic ones first: whoever waits for such a hub can have it elsewhere. */
  *#sessions(): Generator<Session> {
    const running = this.#options.hubs.all();
    const dynamic = running.filter((hub) => hub.config.kind === 'dynamic');
    const fixed = running.filter((hub) => hub.config.kind === 'static');
    for (const hub of [...dynamic, ...fixed]) yield* [...hub.sessions.values()];
  }
}
