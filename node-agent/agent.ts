import type { Desired, SessionReport } from '#shared/contract/heartbeat.ts';
import type { HubConfig } from '#shared/contract/hub.ts';
import type { Cancel, Clock, Timers } from '#shared/kernel/clock.ts';
import type { Log } from '#shared/kernel/log.ts';
import type { Random } from '#shared/kernel/random.ts';
import type { SelfSigned } from '#shared/x509/self-signed.ts';
import { AdminRelay } from './admin/admin-relay.ts';
import type { AgentConfig } from './config.ts';
import type { AdminApi, AgentApi } from './control/agent-api.ts';
import { Control, type ControlOptions, type ControlPort } from './control/control.ts';
import { Drain } from './control/drain.ts';
import { ExclusiveRight } from './control/exclusive-right.ts';
import type { Observation } from './control/heartbeat.ts';
import { Reconciler } from './control/reconciler.ts';
import { Reports } from './control/reports.ts';
import { TicketLogin } from './control/ticket-login.ts';
import type { OpenWitnessWire } from './control/witness-wire.ts';
import {
  adminLimits,
  controlLimits,
  drainLimits,
  forgedTicketLimits,
  heldBytesMax,
  hubLimits,
  hubSendBudget,
  listenerLimits,
  memberSendBudget,
  sessionLimits,
  summaryEveryMs,
} from './limits.ts';
import { CauseCounts } from './listener/cause-counts.ts';
import { MemberListener, type MemberListenerOptions } from './listener/member-listener.ts';
import { FlushQueue } from './session/flush-queue.ts';
import { HubTable, type RunningHub } from './session/hub-table.ts';
import { SendBudget } from './session/send-budget.ts';
import type { CloseReason, Session, SessionContext } from './session/session.ts';
import { SessionTable } from './session/session-table.ts';
import { HeldBytes } from './switch/delay-queue.ts';
import { DropCounters } from './switch/drop-reason.ts';
import { HubInstance } from './switch/hub-instance.ts';

export interface AgentOptions {
  readonly config: Pick<AgentConfig, 'capacity' | 'weight' | 'listen' | 'processes'>;
  /** IPv4 address clients are redirected to. */
  readonly publicAddress: string;
  readonly certificate: SelfSigned;
  readonly agentVersion: string;
  readonly api: AgentApi;
  /** Who answers administrators; without it none are served. */
  readonly adminApi?: AdminApi;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  readonly atEndOfTurn: (action: () => void) => void;
  readonly log: Log;
  /** Drained, for whatever cause: nothing runs any more. */
  readonly onStopped: () => void;
  /** Where clients come in; TLS on `config.listen` if left out. */
  readonly createListener?: (options: MemberListenerOptions) => AgentListener;
  /** How peers are reached; without it dynamic hubs are served while the lease is held. */
  readonly openWitness?: OpenWitnessWire;
  /** Where membership and lease are kept; in this thread if left out. */
  readonly createControl?: (options: ControlOptions) => ControlPort;
  /** What control writes and the data plane asks; its memory may be shared between threads. */
  readonly right?: ExclusiveRight;
}

/** What the agent needs of a listener. */
export type AgentListener = Pick<
  MemberListener,
  'open' | 'close' | 'port' | 'sockets' | 'waiting' | 'takeCauses'
>;

/** The data plane of one process: its parts, and what one part's news means to the others. */
export class Agent {
  readonly #options: AgentOptions;
  readonly #right: ExclusiveRight;
  readonly #reports = new Reports();
  readonly #sessions = new SessionTable();
  readonly #tally = { connections: 0 };
  readonly #open = new Map<Session, SessionReport>();
  readonly #budget = new SendBudget(memberSendBudget);
  readonly #heldBytes = new HeldBytes(heldBytesMax);
  readonly #hubs: HubTable;
  readonly #control: ControlPort;
  readonly #reconciler: Reconciler;
  readonly #listener: AgentListener;
  readonly #admin: AdminRelay | undefined;

  /** Drops of hub instances that are gone. */
  readonly #pastDrops = new DropCounters();
  /** How connections of sessions that lived on ended, since last told. */
  readonly #connectionEnds = new CauseCounts();
  /** Sessions whose client sent what it must not; each is told of once. */
  readonly #malformed = new WeakSet<Session>();
  #summary = '';
  #desiredState: Desired['state'] = 'joining';
  #draining: Promise<void> | undefined;
  readonly #cancels = new Set<Cancel>();

  constructor(options: AgentOptions) {
    this.#options = options;
    const { clock, timers, random, log, api } = options;
    this.#hubs = new HubTable({
      ...hubLimits,
      nowMs: () => clock.monotonicMs(),
      createInstance: (config) => this.#createInstance(config),
      createSendBudget: () => new SendBudget(hubSendBudget, this.#budget),
      onReleased: (released) => this.#reports.released(released),
      onChanged: (changed) => this.#reports.changed(changed),
      onEnded: (hub, reason) => this.#onHubEnded(hub, reason),
    });
    this.#reconciler = new Reconciler(this.#hubs, this.#reports, clock, log);
    this.#right = options.right ?? new ExclusiveRight();
    const createControl = options.createControl ?? ((given: ControlOptions) => new Control(given));
    this.#control = createControl({
      api,
      clock,
      timers,
      random,
      log,
      reports: this.#reports,
      limits: controlLimits,
      joinRequest: () => ({
        address: options.publicAddress,
        ports: [this.port],
        certificate: options.certificate.certDer.toString('base64'),
        weight: options.config.weight,
        capacity: options.config.capacity,
        agentVersion: options.agentVersion,
        processes: options.config.processes,
      }),
      observe: () => this.#observe(),
      onJoined: () => this.#reports.restart([...this.#open.values()]),
      onDesired: (desired) => this.#onDesired(desired),
      onEpochOver: () => this.#abandonDynamicHubs('epoch-over'),
      onTerminated: () => void this.drain('terminated'),
      right: this.#right,
      openWitness: options.openWitness,
    });
    const login = this.#createLogin();
    const { adminApi } = options;
    this.#admin = adminApi && new AdminRelay({ ...options, api: adminApi, limits: adminLimits });
    const createListener =
      options.createListener ?? ((given: MemberListenerOptions) => new MemberListener(given));
    this.#listener = createListener({
      certificate: options.certificate,
      door: {
        login: (wishes, visitor) => login.login(wishes, visitor),
        session: (key) => this.#sessions.byKey(key),
        ...(this.#admin && { admin: this.#admin }),
      },
      clock,
      timers,
      random,
      atEndOfTurn: options.atEndOfTurn,
      log,
      limits: listenerLimits,
    });
  }

  /** Sessions, connections, queued bytes: what tests and the log look at. */
  get status(): {
    sessions: number;
    /** Of sessions. */
    connections: number;
    hubs: number;
    sockets: number;
    waiting: number;
    queuedBytes: number;
    epoch: number | undefined;
    drops: Partial<Record<string, number>>;
  } {
    return {
      sessions: this.#sessions.size,
      connections: this.#tally.connections,
      hubs: this.#hubs.size,
      sockets: this.#listener.sockets,
      waiting: this.#listener.waiting,
      queuedBytes: this.#budget.usedBytes,
      epoch: this.#control.epoch,
      drops: this.#drops(),
    };
  }

  get port(): number {
    return this.#listener.port;
  }

  /** The hub instances that run here. */
  get running(): readonly RunningHub[] {
    return this.#hubs.all();
  }

  /** What the control plane has not acknowledged yet. */
  get pendingReports(): number {
    return this.#reports.pending;
  }

  /** Whether dynamic hubs may be served at this moment (I2). */
  mayServeExclusively(monotonicMs: number): boolean {
    return this.#right.held(monotonicMs);
  }

  /** Listen, then join: whoever is redirected here finds a listener. */
  async start(): Promise<void> {
    const { listen } = this.#options.config;
    await this.#listener.open(listen.address, listen.port);
    this.#options.log.info('listener.open', { address: listen.address, port: this.port });
    await this.#control.start();
    this.#every(hubLimits.sweepEveryMs, () => this.#sweep());
    this.#every(summaryEveryMs, () => this.#logSummary());
  }

  /** Leave in order (journey 3); the same promise for everyone who asks. */
  drain(cause: string): Promise<void> {
    this.#draining ??= this.#drain(cause);
    return this.#draining;
  }

  async #drain(cause: string): Promise<void> {
    const { log, clock, timers, random } = this.#options;
    log.info('drain.begun', { cause, sessions: this.#sessions.size, hubs: this.#hubs.size });
    this.#control.nudge();
    const result = await new Drain({
      hubs: this.#hubs,
      clock,
      timers,
      random,
      limits: drainLimits,
      isAcknowledged: () => this.#control.epoch === undefined || this.#isDrained(),
      nudge: () => this.#control.nudge(),
    }).run();
    log.info('drain.ended', { ...result, state: this.#desiredState });
    await this.stop();
  }

  #isDrained(): boolean {
    return this.#desiredState === 'drained' || this.#desiredState === 'terminated';
  }

  /** End everything at once, in order, whatever the control plane still believes. */
  async stop(): Promise<void> {
    this.#control.stop();
    for (const cancel of this.#cancels) cancel();
    for (const session of this.#sessions.all()) session.close('stopping');
    this.#admin?.close();
    await this.#listener.close();
    this.#logSummary();
    this.#options.onStopped();
  }

  #createLogin(): TicketLogin {
    const { api, config, clock, timers, random, atEndOfTurn, log } = this.#options;
    const context: SessionContext = {
      clock,
      timers,
      random,
      flushQueue: new FlushQueue(atEndOfTurn),
      limits: sessionLimits,
      tally: this.#tally,
      onConnectionEnded: (session, cause) => this.#onConnectionEnded(session, cause),
    };
    return new TicketLogin({
      api,
      redeemMs: controlLimits.redeemMs,
      forgedLimits: forgedTicketLimits,
      capacity: config.capacity,
      epoch: () => this.#control.epoch,
      mayOpen: () => this.#right.mayOpen(clock.monotonicMs()),
      isDraining: () => this.#draining !== undefined,
      nudge: () => this.#control.nudge(),
      openLimits: hubLimits,
      hubs: this.#hubs,
      sessions: this.#sessions,
      context,
      onOpened: (session, report) => {
        this.#open.set(session, report);
        this.#reports.opened(report);
        log.info('session.opened', report);
      },
      onClosed: (session, hub, reason) => this.#onSessionClosed(session, hub, reason),
    });
  }

  #onSessionClosed(session: Session, hub: RunningHub, reason: CloseReason): void {
    this.#open.delete(session);
    this.#reports.closed({ hub: hub.config.name, name: session.name });
    this.#options.log.info('session.closed', {
      hub: hub.config.name,
      name: session.name,
      reason,
      ...session.counters,
    });
  }

  #onConnectionEnded(session: Session, cause: string): void {
    this.#connectionEnds.count(cause);
    if (!cause.startsWith('stream-') || this.#malformed.has(session)) return;
    this.#malformed.add(session);
    this.#options.log.warn('connection.malformed', {
      hub: session.hub.name,
      name: session.name,
      cause,
    });
  }

  #createInstance(config: HubConfig): HubInstance {
    const { clock, timers, random, log } = this.#options;
    log.info('hub.opened', { hub: config.name, kind: config.kind });
    const exclusive = config.kind === 'dynamic';
    return new HubInstance({
      name: config.name,
      clock,
      seed: random.bytes(4).readUInt32BE(0),
      mayForward: exclusive ? (nowMs) => this.mayServeExclusively(nowMs) : () => true,
      rules: config,
      timers,
      log,
      heldBytes: this.#heldBytes,
      queuedBytes: () => this.#budget.usedBytes,
    });
  }

  #onHubEnded(hub: RunningHub, reason: CloseReason): void {
    this.#pastDrops.add(hub.instance.drops);
    this.#options.log.info('hub.closed', {
      hub: hub.config.name,
      epoch: hub.epoch,
      reason,
      ...hub.instance.forwarded,
      drops: hub.instance.drops.nonZero(),
    });
  }

  #observe(): Observation {
    return {
      state: this.#draining === undefined ? 'active' : 'draining',
      sessions: this.#sessions.size,
      awaited: this.#hubs.awaited(),
      connections: this.#tally.connections,
      hubs: this.#hubs.size,
    };
  }

  #onDesired(desired: Desired): void {
    this.#desiredState = desired.state;
    this.#admin?.challenged(desired.adminChallenge);
    if (this.#reconciler.apply(desired)) this.#control.nudge();
    if (desired.state === 'draining' || desired.state === 'drained') {
      void this.drain('control-plane');
    }
  }

  #abandonDynamicHubs(reason: CloseReason): void {
    for (const hub of this.#hubs.dynamic()) this.#hubs.abandon(hub, reason);
  }

  #sweep(): void {
    this.#hubs.sweep();
    const lostForMs = this.#right.lostForMs(this.#options.clock.monotonicMs());
    if (lostForMs < hubLimits.fencedCloseMs) return;
    // Given back: if nobody took them meanwhile, the control plane still sends clients here.
    for (const hub of this.#hubs.dynamic()) this.#hubs.close(hub, 'hub-fenced');
  }

  #drops(): Partial<Record<string, number>> {
    const total = new DropCounters();
    total.add(this.#pastDrops);
    for (const hub of this.#hubs.all()) total.add(hub.instance.drops);
    return total.nonZero();
  }

  /** Once a minute at most, and only if something changed. */
  #logSummary(): void {
    const facts = {
      drops: this.#drops(),
      visitsEnded: this.#listener.takeCauses(),
      connectionsEnded: this.#connectionEnds.take(),
    };
    const text = JSON.stringify(facts);
    if (text !== this.#summary) this.#options.log.info('traffic.summary', facts);
    this.#summary = text;
  }

  #every(periodMs: number, action: () => void): void {
    const cancel = this.#options.timers.after(periodMs, () => {
      this.#cancels.delete(cancel);
      action();
      this.#every(periodMs, action);
    });
    this.#cancels.add(cancel);
  }
}
