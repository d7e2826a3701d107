import { unreachable } from '#shared/kernel/assert.ts';
import type { Cancel } from '#shared/kernel/clock.ts';
import type { ControlOptions, ControlPort } from './control.ts';
import type { ControlLink, FromControl, Snapshot, ToControl } from './control-messages.ts';
import type { Pulse } from './pulse.ts';
import type { ReportBatch } from './reports.ts';

export interface RemoteControlOptions
  extends Pick<
    ControlOptions,
    | 'reports'
    | 'joinRequest'
    | 'observe'
    | 'onJoined'
    | 'onDesired'
    | 'onEpochOver'
    | 'onTerminated'
    | 'right'
    | 'timers'
  > {
  readonly link: ControlLink<ToControl, FromControl>;
  readonly pulse: Pulse;
  readonly pulseEveryMs: number;
}

/** Snapshots that may still be acknowledged; what older ones told is told again. */
const snapshotsMax = 64;

/**
 * The data plane's end of control in another thread: shows that this thread moves, says what
 * changed, and does what it is told. What may be served it reads from shared memory, without a
 * message.
 */
export class RemoteControl implements ControlPort {
  readonly #options: RemoteControlOptions;
  readonly #sent = new Map<number, ReportBatch>();
  #epoch: number | undefined;
  #snapshotId = 0;
  #sentText = '';
  #cancelTick: Cancel = () => undefined;

  constructor(options: RemoteControlOptions) {
    this.#options = options;
    options.right.expect(0); // nobody's epoch: nothing may be served
  }

  get epoch(): number | undefined {
    return this.#epoch;
  }

  async start(): Promise<void> {
    const { joinRequest, link } = this.#options;
    link.listen((message) => this.#onMessage(message));
    this.#tick();
    link.post({ kind: 'start', joinRequest: joinRequest() });
  }

  nudge(): void {
    this.#tell();
    this.#options.link.post({ kind: 'nudge' });
  }

  stop(): void {
    this.#cancelTick();
    this.#options.link.post({ kind: 'stop' });
  }

  #tick(): void {
    const { pulse, pulseEveryMs, timers } = this.#options;
    pulse.beat();
    this.#tell();
    this.#cancelTick = timers.after(pulseEveryMs, () => this.#tick());
  }

  /** A snapshot, if it is not what was said last. */
  #tell(): void {
    const { link, observe, reports } = this.#options;
    const content = { epoch: this.#epoch, observation: observe(), batch: reports.take() };
    const text = JSON.stringify(content);
    if (text === this.#sentText) return;
    this.#sentText = text;
    this.#snapshotId += 1;
    const snapshot: Snapshot = { id: this.#snapshotId, ...content };
    this.#sent.set(snapshot.id, snapshot.batch);
    const [oldest] = this.#sent.keys();
    if (this.#sent.size > snapshotsMax && oldest !== undefined) this.#sent.delete(oldest);
    link.post({ kind: 'snapshot', snapshot });
  }

  #onMessage(message: FromControl): void {
    const { onDesired, onEpochOver, onJoined, onTerminated, right } = this.#options;
    switch (message.kind) {
      case 'joined':
        this.#epoch = message.epoch;
        onJoined(message.epoch);
        right.expect(message.epoch);
        this.#tell();
        return;
      case 'acknowledged':
        this.#onAcknowledged(message.snapshotId);
        return;
      case 'desired':
        onDesired(message.desired);
        this.#tell();
        return;
      case 'epoch-over':
        this.#epoch = undefined;
        right.expect(0);
        onEpochOver();
        return;
      case 'terminated':
        onTerminated();
        return;
      default:
        unreachable(message);
    }
  }

  #onAcknowledged(id: number): void {
    const batch = this.#sent.get(id);
    if (batch !== undefined) this.#options.reports.acknowledge(batch);
    for (const older of this.#sent.keys()) if (older <= id) this.#sent.delete(older);
  }
}
