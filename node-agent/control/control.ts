import type { Desired } from '#shared/contract/heartbeat.ts';
import type { JoinRequest } from '#shared/contract/member.ts';
import type { Clock, Timers } from '#shared/kernel/clock.ts';
import type { Log } from '#shared/kernel/log.ts';
import type { Random } from '#shared/kernel/random.ts';
import type { AgentApi } from './agent-api.ts';
import type { ExclusiveRight } from './exclusive-right.ts';
import type { Observation, PendingReports } from './heartbeat.ts';
import { Membership, type MembershipLimits } from './membership.ts';
import { Witness, type WitnessLimits } from './witness.ts';
import type { OpenWitnessWire, WitnessWire } from './witness-wire.ts';

/** What the data plane gives control, and hears from it. */
export interface ControlCallbacks {
  readonly reports: PendingReports;
  readonly joinRequest: () => JoinRequest;
  readonly observe: () => Observation;
  /** A new epoch: everything it must know of this member has to be told anew. */
  readonly onJoined: (epoch: number) => void;
  readonly onDesired: (desired: Desired) => void;
  /** The control plane had given this member up: exclusive hubs are no longer ours. */
  readonly onEpochOver: () => void;
  /** This machine will never be a member again. */
  readonly onTerminated: () => void;
}

export interface ControlOptions extends ControlCallbacks {
  readonly api: AgentApi;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  readonly log: Log;
  readonly limits: MembershipLimits & WitnessLimits;
  /** Where it writes what dynamic hubs are served by. */
  readonly right: ExclusiveRight;
  /** Without one nobody is a witness: dynamic hubs are served while the lease is held. */
  readonly openWitness?: OpenWitnessWire | undefined;
}

/** What the data plane needs of control, wherever it runs. */
export interface ControlPort {
  /** This member's epoch; `undefined` while it has not joined. */
  readonly epoch: number | undefined;
  start(): Promise<void>;
  /** Send a heartbeat soon. */
  nudge(): void;
  stop(): void;
}

/** Being a member: joins, heartbeats, lease and witnesses. */
export class Control implements ControlPort {
  readonly witness: Witness;
  readonly #options: ControlOptions;
  readonly #membership: Membership;
  #wire: WitnessWire | undefined;
  #stopped = false;

  constructor(options: ControlOptions) {
    this.#options = options;
    this.witness = new Witness({
      ...options,
      send: (bytes, to) => this.#wire?.send(bytes, to),
      onPeerRenewed: () => this.#membership.hurry(),
    });
    this.#membership = new Membership({
      ...options,
      lease: this.witness.lease,
      joinRequest: () => {
        const request = options.joinRequest();
        return this.#wire === undefined ? request : { ...request, witness: this.#wire.endpoint };
      },
      observe: () => {
        const { version } = this.witness;
        return { ...options.observe(), ...(version !== undefined && { peers: version }) };
      },
      onJoined: (joined) => {
        this.witness.joined(joined);
        options.onJoined(joined.epoch);
      },
      onDesired: (desired) => {
        if (desired.peers !== undefined) this.witness.learn(desired.peers);
        options.onDesired(desired);
      },
    });
  }

  get epoch(): number | undefined {
    return this.#membership.epoch;
  }

  async start(): Promise<void> {
    this.#wire = await this.#openWire();
    if (this.#stopped) this.#wire?.close();
    else this.#membership.start();
  }

  nudge(): void {
    this.#membership.nudge();
  }

  stop(): void {
    this.#stopped = true;
    this.#membership.stop();
    this.witness.stop();
    this.#wire?.close();
    this.#wire = undefined;
  }

  async #openWire(): Promise<WitnessWire | undefined> {
    const { log, openWitness } = this.#options;
    if (openWitness === undefined) return undefined;
    try {
      return await openWitness((bytes, from) => this.witness.received(bytes, from));
    } catch (error) {
      log.warn('witness.failed', { error: String(error) }); // a member all the same
      return undefined;
    }
  }
}
