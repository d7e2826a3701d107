import { createHash } from 'node:crypto';
import type { SessionReport } from '#shared/contract/heartbeat.ts';
import type { Grant } from '#shared/contract/ticket.ts';
import { ticketBytes } from '#shared/contract/timing.ts';
import { unreachable } from '#shared/kernel/assert.ts';
import { type ErrorCode, errorCode } from '#shared/wire/error-code.ts';
import type { Login } from '#shared/wire/login.ts';
import type { Welcome } from '#shared/wire/welcome.ts';
import { planConnections } from '../session/connection-plan.ts';
import type { HubTable, OpenRefusal, RunningHub } from '../session/hub-table.ts';
import { type CloseReason, Session, type SessionContext } from '../session/session.ts';
import { decideMode, type SessionMode } from '../session/session-mode.ts';
import type { SessionTable } from '../session/session-table.ts';
import type { AgentApi, Answer } from './agent-api.ts';
import { type ForgedTicketLimits, ForgedTickets } from './forged-tickets.ts';

/**
 * A genuine client looks at its clock this often (its `poll` takes 256 ms) and would give up that
 * much too late: its Welcome says so much less than the hub's setting (protocol/08 §4).
 */
const clientLooksEveryMs = 256;

/** Why a login was rejected; the log names it. */
export type RejectReason =
  | 'no-ticket' // I5: members serve ticket holders only
  | 'no-such-ticket'
  | 'too-many-forged' // nobody is asked any more: see `ForgedTickets`
  | 'not-a-member-now'
  | 'control-plane-away'
  | 'member-full'
  | 'client-gone'
  | 'monitor-denied'
  | 'bridge-denied'
  | OpenRefusal;

export interface Reject {
  readonly kind: 'reject';
  readonly code: ErrorCode;
  readonly reason: RejectReason;
  readonly detail?: string;
}

export interface Admit {
  readonly kind: 'admit';
  readonly session: Session;
  readonly welcome: Welcome;
}

/** The client at the door. */
export interface Visitor {
  readonly address: string;
  /** Its connection ended while we were asking. */
  readonly isGone: () => boolean;
}

export interface TicketLoginOptions {
  readonly api: AgentApi;
  readonly redeemMs: number;
  readonly forgedLimits: ForgedTicketLimits;
  readonly capacity: number;
  /** This member's epoch; `undefined` while it has none. */
  readonly epoch: () => number | undefined;
  readonly hubs: HubTable;
  readonly sessions: SessionTable;
  readonly context: SessionContext;
  /** Whether a dynamic hub may be started at this moment: see {@link Witness}. */
  readonly mayOpen: () => boolean;
  /** Whether this member leaves, so that no hub may be started any more: see {@link Drain}. */
  readonly isDraining: () => boolean;
  /** A fresh lease is waited for. */
  readonly nudge: () => void;
  readonly openLimits: { readonly openWaitMs: number; readonly openLookEveryMs: number };
  readonly onOpened: (session: Session, report: SessionReport) => void;
  readonly onClosed: (session: Session, hub: RunningHub, reason: CloseReason) => void;
}

/** Turns a ticket into a session: one question to the control plane, no credential (I6). */
export class TicketLogin {
  readonly #options: TicketLoginOptions;
  #connectionNumber = 0;
  /** Tickets being asked about: each may become a session. */
  #redeeming = 0;
  readonly #forged: ForgedTickets;

  constructor(options: TicketLoginOptions) {
    this.#options = options;
    this.#forged = new ForgedTickets(options.forgedLimits);
  }

  async login(login: Login, visitor: Visitor): Promise<Admit | Reject> {
    if (login.credential.kind !== 'ticket') return reject('no-ticket');
    const epoch = this.#options.epoch();
    if (epoch === undefined) return reject('not-a-member-now');
    const expected = this.#options.sessions.size + this.#redeeming;
    if (expected >= this.#options.capacity) return reject('member-full');
    this.#redeeming += 1;
    try {
      return await this.#admitted(login, login.credential.ticket, epoch, visitor);
    } finally {
      this.#redeeming -= 1;
    }
  }

  async #admitted(
    login: Login,
    ticket: Buffer,
    epoch: number,
    visitor: Visitor,
  ): Promise<Admit | Reject> {
    const { clock } = this.#options.context;
    const { address } = visitor;
    if (!this.#forged.mayAsk(address, clock.monotonicMs())) return reject('too-many-forged');
    const answer = await this.#redeem(ticket, epoch);
    const isForged = answer.kind === 'problem' && answer.problem.kind === 'no-such-ticket';
    if (!isForged) this.#forged.forgive(address, clock.monotonicMs());
    if (answer.kind === 'unreachable') return reject('control-plane-away', answer.detail);
    if (answer.kind === 'problem') {
      return isForged
        ? reject('no-such-ticket')
        : reject('control-plane-away', answer.problem.kind);
    }
    const sinceMs = this.#options.context.clock.monotonicMs();
    while (!this.#mayAdmit(answer.value)) {
      if (this.#options.epoch() !== epoch || !(await this.#wait(sinceMs))) {
        return reject('not-a-member-now', 'no fresh lease to open the hub with');
      }
    }
    if (visitor.isGone()) return reject('client-gone');
    if (this.#options.epoch() !== epoch) return reject('not-a-member-now');
    if (this.#options.isDraining() && !this.#mayJoin(answer.value)) {
      return reject('released', 'who leaves starts no hub');
    }
    return this.#admit(login, answer.value, visitor);
  }

  /** Another member may still serve a dynamic hub that was just given to this one (I1). */
  #mayAdmit(grant: Grant): boolean {
    return this.#options.mayOpen() || this.#mayJoin(grant);
  }

  /**
   * Without starting a dynamic hub. Who drains may have told that it runs none while the answer to
   * a redemption was on its way: by now the hub may be another member's (I1).
   */
  #mayJoin({ hub, placementEpoch }: Grant): boolean {
    return hub.kind === 'static' || this.#options.hubs.find(hub.name)?.epoch === placementEpoch;
  }

  /** False if it has been long enough since `sinceMs`. */
  #wait(sinceMs: number): Promise<boolean> {
    const { context, nudge, openLimits } = this.#options;
    if (context.clock.monotonicMs() - sinceMs >= openLimits.openWaitMs) {
      return Promise.resolve(false);
    }
    nudge();
    return new Promise((resolve) => {
      context.timers.after(openLimits.openLookEveryMs, () => resolve(true));
    });
  }

  /** A lost answer is asked for once more; if it had been the right one, it is gone (I4). */
  async #redeem(ticket: Buffer, epoch: number): Promise<Answer<Grant>> {
    const digest = createHash('sha256').update(ticket.subarray(0, ticketBytes)).digest('hex');
    const { api, redeemMs } = this.#options;
    const first = await api.redeem({ digest, epoch }, redeemMs / 2);
    return first.kind === 'unreachable' ? api.redeem({ digest, epoch }, redeemMs / 2) : first;
  }

  #admit(login: Login, grant: Grant, visitor: Visitor): Admit | Reject {
    const decided = decideMode(login, grant.policy);
    if (decided.kind !== 'allowed') return reject(decided.kind);
    const opened = this.#options.hubs.open(grant.hub, grant.placementEpoch, grant.usual);
    if (opened.kind === 'refused') return reject(opened.reason);
    const session = this.#open(login, grant, decided.mode, opened.hub, visitor);
    this.#options.onOpened(
      session,
      reportOf(session, login, grant, decided.mode, {
        clientAddress: visitor.address,
        openedMs: this.#options.context.clock.nowMs(),
      }),
    );
    return { kind: 'admit', session, welcome: this.#welcome(session, login, grant, decided.mode) };
  }

  #open(login: Login, grant: Grant, mode: SessionMode, hub: RunningHub, visitor: Visitor): Session {
    const { hubs, sessions, context } = this.#options;
    const session = new Session(
      {
        name: grant.sessionName,
        hub: hub.instance,
        attachment: {
          name: grant.sessionName,
          monitor: mode.monitor,
          policy: mode.policy,
          user: grant.user,
          group: grant.group,
          overIpV6: isOverIpV6(visitor.address),
        },
        sendBudget: hub.sendBudget,
        key: context.random.bytes(20),
        timeoutMs: grant.sessionTimeoutMs - clientLooksEveryMs,
        plan: planConnections(login, {
          policy: mode.policy,
          single: grant.singleConnection,
          monitor: mode.monitor,
        }),
        compressed: login.useCompress,
        autoDisconnectMs: mode.policy.autoDisconnectSec * 1_000,
        onClosed: (closed, reason) => {
          sessions.remove(closed);
          hubs.removeSession(hub, closed);
          this.#options.onClosed(closed, hub, reason);
        },
      },
      context,
    );
    sessions.add(session);
    hubs.addSession(hub, session);
    return session;
  }

  #welcome(session: Session, login: Login, grant: Grant, mode: SessionMode): Welcome {
    this.#connectionNumber += 1;
    return {
      sessionName: session.name,
      connectionName: `CID-${this.#connectionNumber}`,
      sessionKey: session.key,
      sessionKey32: this.#options.context.random.bytes(4).readUInt32BE(0),
      maxConnection: session.plan.connectionsMax,
      useCompress: login.useCompress,
      halfConnection: session.plan.halfDuplex,
      qos: session.plan.qos,
      timeoutMs: session.timeoutMs,
      policy: mode.policy,
      message: grant.message,
    };
  }
}

/** An IPv4 client of a listener for both families has a mapped address (RFC 4291 §2.5.5.2). */
function isOverIpV6(address: string): boolean {
  return address.includes(':') && !address.toLowerCase().startsWith('::ffff:');
}

function reportOf(
  session: Session,
  login: Login,
  grant: Grant,
  mode: SessionMode,
  seen: Pick<SessionReport, 'clientAddress' | 'openedMs'>,
): SessionReport {
  return {
    hub: grant.hub.name,
    name: session.name,
    user: grant.user,
    clientHostname: login.clientHostname,
    clientName: login.clientStr,
    uniqueId: login.uniqueId.toString('hex'),
    maxConnections: session.plan.connectionsMax,
    bridge: mode.bridge,
    monitor: mode.monitor,
    ...(grant.seats && { seats: grant.seats }),
    ...(grant.issuedMs !== undefined && { issuedMs: grant.issuedMs }),
    ...(grant.explanation !== undefined && { explanation: grant.explanation }),
    ...seen,
  };
}

/** The error number for each reason, chosen with the client's retry in mind (protocol/02 §9). */
function reject(reason: RejectReason, detail?: string): Reject {
  return { kind: 'reject', code: codeOf(reason), reason, ...(detail && { detail }) };
}

function codeOf(reason: RejectReason): ErrorCode {
  switch (reason) {
    case 'no-ticket':
    case 'too-many-forged':
    case 'no-such-ticket': // never 9: Windows clients would ask for a password (protocol/08 §4)
    case 'client-gone':
    case 'older-epoch':
    case 'released':
    case 'hub-offline': // 10 would keep the client away for a minute; the front door decides that
      return errorCode.accessDenied;
    case 'not-a-member-now':
    case 'control-plane-away':
      return errorCode.controllerConnectFailed;
    case 'member-full':
    case 'too-many-hubs':
      return errorCode.noMemberForHub;
    case 'monitor-denied':
      return errorCode.monitorModeDenied;
    case 'bridge-denied':
      return errorCode.bridgeModeDenied;
    default:
      return unreachable(reason);
  }
}
