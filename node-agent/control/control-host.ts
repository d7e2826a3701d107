import type { JoinRequest } from '#shared/contract/member.ts';
import { assert, unreachable } from '#shared/kernel/assert.ts';
import type { AgentApi, Answer } from './agent-api.ts';
import { Control, type ControlOptions } from './control.ts';
import type { ControlLink, FromControl, Snapshot, ToControl } from './control-messages.ts';
import type { Observation, PendingReports } from './heartbeat.ts';
import type { Pulse } from './pulse.ts';
import type { ReportBatch } from './reports.ts';
import type { Witness } from './witness.ts';

type Parts = Omit<
  ControlOptions,
  'reports' | 'joinRequest' | 'observe' | 'onJoined' | 'onDesired' | 'onEpochOver' | 'onTerminated'
>;

export interface ControlHostOptions extends Parts {
  readonly link: ControlLink<FromControl, ToControl>;
  /** The data plane's thread moves it. */
  readonly pulse: Pulse;
  /** A data plane that has not moved for so long must not hold hubs. */
  readonly stallMs: number;
  readonly pulseEveryMs: number;
  /** One that was found not to have moved for so long never will. */
  readonly stallMsMax: number;
  /** It does not move any more: its process is to end, for another to be started. */
  readonly onStuck?: () => void;
}

/**
 * {@link Control} in a thread of its own, so that traffic cannot starve heartbeats and witnesses.
 * It speaks for the data plane from the last snapshot it was given, and no longer for one whose
 * thread has stopped moving: then the lease runs out, and its hubs can be had elsewhere.
 */
export class ControlHost {
  readonly #options: ControlHostOptions;
  readonly #control: Control;
  readonly #snapshots = new Snapshots();
  #joinRequest: JoinRequest | undefined;
  #stalled = false;
  /** In a row; a machine that was paused itself looks but once. */
  #stalledLooks = 0;
  #stopped = false;

  constructor(options: ControlHostOptions) {
    this.#options = options;
    const { link } = options;
    this.#control = new Control({
      ...options,
      api: this.#watchedApi(options.api),
      reports: this.#snapshots,
      joinRequest: () => {
        assert(this.#joinRequest !== undefined, 'a join follows the start');
        return this.#joinRequest;
      },
      observe: () => this.#snapshots.observation,
      onJoined: (epoch) => {
        this.#snapshots.epoch = epoch;
        link.post({ kind: 'joined', epoch });
      },
      onDesired: (desired) => {
        const snapshotId = this.#snapshots.takeAcknowledged();
        if (snapshotId !== undefined) link.post({ kind: 'acknowledged', snapshotId });
        link.post({ kind: 'desired', desired });
      },
      onEpochOver: () => link.post({ kind: 'epoch-over' }),
      onTerminated: () => link.post({ kind: 'terminated' }),
    });
    link.listen((message) => this.#onMessage(message));
    this.#watch();
  }

  /** For checks of what it decides. */
  get witness(): Witness {
    return this.#control.witness;
  }

  #onMessage(message: ToControl): void {
    switch (message.kind) {
      case 'start':
        this.#joinRequest = message.joinRequest;
        void this.#control.start();
        return;
      case 'snapshot':
        this.#snapshots.latest = message.snapshot;
        return;
      case 'nudge':
        this.#control.nudge();
        return;
      case 'stop':
        this.#stopped = true;
        this.#control.stop();
        return;
      default:
        unreachable(message);
    }
  }

  #watch(): void {
    if (this.#stopped) return;
    const { clock, log, onStuck, pulse, pulseEveryMs, stallMs, stallMsMax, timers } = this.#options;
    const stillForMs = pulse.stillForMs(clock.monotonicMs());
    const stalled = stillForMs >= stallMs;
    if (stalled !== this.#stalled) {
      this.#stalled = stalled;
      if (stalled) log.error('agent.stalled', { stillForMs: Math.round(stillForMs) });
      else log.warn('agent.moves-again');
    }
    this.#stalledLooks = stalled ? this.#stalledLooks + 1 : 0;
    if (this.#stalledLooks * pulseEveryMs >= stallMsMax) {
      this.#stalledLooks = 0;
      log.error('agent.stuck', { stillForMs: Math.round(stillForMs) });
      onStuck?.();
    }
    timers.after(pulseEveryMs, () => this.#watch());
  }

  #watchedApi(api: AgentApi): AgentApi {
    const unlessStalled = <T>(ask: () => Promise<Answer<T>>): Promise<Answer<T>> =>
      this.#stalled
        ? Promise.resolve({ kind: 'unreachable', detail: 'the data plane has stopped moving' })
        : ask();
    return {
      join: (body, deadlineMs) => unlessStalled(() => api.join(body, deadlineMs)),
      heartbeat: (body, deadlineMs) => unlessStalled(() => api.heartbeat(body, deadlineMs)),
      redeem: (body, deadlineMs) => api.redeem(body, deadlineMs),
    };
  }
}

/** The last word of the data plane, as the lists of heartbeats. */
class Snapshots implements PendingReports {
  latest: Snapshot | undefined;
  epoch: number | undefined;
  readonly #taken = new WeakMap<ReportBatch, number>();
  #acknowledged: number | undefined;
  #lastAcknowledged = -1;

  get observation(): Observation {
    return this.latest?.observation ?? { state: 'active', sessions: 0, connections: 0, hubs: 0 };
  }

  take(): ReportBatch {
    const { latest } = this;
    const isNews = latest?.epoch === this.epoch && (latest?.id ?? 0) > this.#lastAcknowledged;
    if (latest === undefined || !isNews) return { opened: [], closed: [], released: [], done: [] };
    this.#taken.set(latest.batch, latest.id);
    return latest.batch;
  }

  acknowledge(batch: ReportBatch): void {
    const id = this.#taken.get(batch);
    if (id === undefined) return;
    this.#acknowledged = id;
    this.#lastAcknowledged = id;
  }

  takeAcknowledged(): number | undefined {
    const id = this.#acknowledged;
    this.#acknowledged = undefined;
    return id;
  }
}
