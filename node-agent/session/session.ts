import { assert } from '#shared/kernel/assert.ts';
import type { Cancel, Clock, Timers } from '#shared/kernel/clock.ts';
import type { Random } from '#shared/kernel/random.ts';
import type { Direction } from '#shared/wire/additional-connect.ts';
import type { StreamDropReason } from '../stream/frame-batch.ts';
import type { Attachment, AttachmentOptions, Port } from '../switch/attachment.ts';
import type { HubInstance } from '../switch/hub-instance.ts';
import { Connection, type ConnectionOwner } from './connection.ts';
import type { ConnectionPlan } from './connection-plan.ts';
import { ConnectionSet } from './connection-set.ts';
import type { FlushQueue } from './flush-queue.ts';
import { Outbox } from './outbox.ts';
import type { SendBudget } from './send-budget.ts';
import type { SessionLimits } from './session-limits.ts';
import type { Wire } from './wire.ts';

/** Why a session ended; logged, and the reader of a log acts on it. */
export type CloseReason =
  | 'timeout' // no connection, or a silent one, for the session's timeout
  | 'auto-disconnect' // its policy ends it after so long (AutoDisconnect)
  | 'disconnected' // an administrator removed it
  | 'hub-offline'
  | 'hub-removed'
  | 'hub-moved' // the hub runs at a newer epoch
  | 'hub-fenced' // the lease was gone for too long
  | 'epoch-over' // the control plane had called this member lost
  | 'drain'
  | 'client-gone' // it left while it was being let in
  | 'stopping'; // the process ends

/** What a session needs of the process it lives in. */
export interface SessionContext {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  readonly flushQueue: FlushQueue;
  readonly limits: SessionLimits;
  /** Of all sessions together; there is nobody who counts them one by one. */
  readonly tally: { connections: number };
  /** A connection of a session that lives on has ended. */
  readonly onConnectionEnded: (session: Session, cause: string) => void;
}

export interface SessionOptions {
  readonly name: string;
  readonly hub: HubInstance;
  /** What of its hub's traffic it may send and hear. */
  readonly attachment: AttachmentOptions;
  /** Its hub's, which has a share in the member's. */
  readonly sendBudget: SendBudget;
  /** 20 bytes; whoever shows them may add a connection. */
  readonly key: Buffer;
  readonly timeoutMs: number;
  readonly plan: ConnectionPlan;
  readonly compressed: boolean;
  /** The policy's AutoDisconnect; 0: none. */
  readonly autoDisconnectMs: number;
  readonly onClosed: (session: Session, reason: CloseReason) => void;
}

/** Sessions look at their times in step, so that many of them cost one wake-up. */
const tickRoundMs = 100;

export interface SessionCounters {
  framesReceived: number;
  bytesReceived: number;
  framesSent: number;
  bytesSent: number;
}

export type JoinOutcome =
  | { readonly kind: 'joined'; readonly connection: Connection }
  | { readonly kind: 'too-many-connections' }
  | { readonly kind: 'session-closed' };

/**
 * A client on a hub instance, over up to 32 connections (protocol/05). Knows messages, frames and
 * time, no sockets. It lives on without any connection until its timeout, waiting for one to join.
 */
export class Session implements Port, ConnectionOwner {
  // Fixed at construction.
  readonly name: string;
  readonly hub: HubInstance;
  readonly key: Buffer;
  readonly timeoutMs: number;
  readonly plan: ConnectionPlan;
  readonly counters: SessionCounters = {
    framesReceived: 0,
    bytesReceived: 0,
    framesSent: 0,
    bytesSent: 0,
  };
  readonly #context: SessionContext;
  readonly #compressed: boolean;
  readonly #onClosed: (session: Session, reason: CloseReason) => void;
  readonly #attachment: Attachment;
  readonly #outbox: Outbox;
  readonly #nowMs: () => number;
  /** When its policy ends it, whatever happens. */
  readonly #endsAtMs: number;

  // Owned by the session's timer.
  #cancelTick: Cancel | undefined;
  #tickAtMs = Number.POSITIVE_INFINITY;
  #activeMs: number;
  /** When a connection that is gone by now last brought anything. */
  #heardMs: number;

  readonly #connections: ConnectionSet;
  #connectionsEver = 0;
  #closed = false;

  constructor(options: SessionOptions, context: SessionContext) {
    const { limits } = context;
    this.name = options.name;
    this.hub = options.hub;
    this.key = options.key;
    this.timeoutMs = options.timeoutMs;
    this.plan = options.plan;
    this.#context = context;
    this.#compressed = options.compressed;
    this.#onClosed = options.onClosed;
    this.#nowMs = () => context.clock.monotonicMs();
    this.#activeMs = this.#heardMs = this.#nowMs();
    this.#endsAtMs =
      options.autoDisconnectMs === 0
        ? Number.POSITIVE_INFINITY
        : this.#activeMs + options.autoDisconnectMs + limits.autoDisconnectGraceMs;
    this.#connections = new ConnectionSet(options.plan.halfDuplex);
    this.#outbox = new Outbox({
      connections: this.#connections,
      compressed: options.compressed,
      qos: options.plan.qos,
      flushQueue: context.flushQueue,
      budget: options.sendBudget,
      limits,
      counters: this.counters,
      nowMs: this.#nowMs,
      onDrop: (reason, frames) => this.hub.drop(reason, frames),
    });
    this.#attachment = options.hub.attach(this, options.attachment);
    this.#arm();
  }

  get connections(): number {
    return this.#connections.all.length;
  }

  get queuedFrames(): number {
    return this.#outbox.frames;
  }

  get isClosed(): boolean {
    return this.#closed;
  }

  /** Where frames may flow on the connection that joins next. */
  get nextDirection(): Direction {
    return this.#connections.nextDirection;
  }

  /**
   * Whether another connection may join. One more than the maximum is allowed, as in genuine
   * servers: a client replaces a connection before we know that the old one is dead.
   */
  get hasRoom(): boolean {
    return !this.#closed && this.connections <= this.plan.connectionsMax;
  }

  /** A connection is through its handshake: from here on the socket carries the stream. */
  join(wire: Wire): JoinOutcome {
    if (this.#closed) return { kind: 'session-closed' };
    if (!this.hasRoom) return { kind: 'too-many-connections' };
    this.#connectionsEver += 1;
    const direction = this.nextDirection;
    const connection = new Connection({
      id: this.#connectionsEver,
      wire,
      owner: this,
      random: this.#context.random,
      timeoutMs: this.timeoutMs,
      maySend: direction !== 'client-to-server',
      compressed: this.#compressed,
      nowMs: this.#nowMs,
    });
    this.#connections.add(connection, direction);
    this.#context.tally.connections += 1;
    if (direction !== 'client-to-server') {
      connection.sendKeepAlive(this.#nowMs());
      this.#outbox.resume();
    }
    this.#arm();
    return { kind: 'joined', connection };
  }

  /** End every connection in order and leave the hub. May be called twice. */
  close(reason: CloseReason): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#cancelTick?.();
    this.hub.detach(this.#attachment);
    for (const connection of [...this.#connections.all]) connection.end(reason);
    this.#outbox.clear('session-closed');
    this.#onClosed(this, reason);
  }

  get isBehind(): boolean {
    return this.#outbox.isBehind;
  }

  /** {@link Port}: a frame for this client. */
  deliver(frame: Buffer): void {
    if (this.connections === 0) this.hub.drop('no-connection');
    else this.#outbox.push(frame);
  }

  beginBatch(): void {
    this.hub.beginBatch();
  }

  endBatch(): void {
    this.#context.flushQueue.gathering.settle();
  }

  onFrame(frame: Buffer): void {
    this.counters.framesReceived += 1;
    this.counters.bytesReceived += frame.length;
    this.hub.forward(frame, this.#attachment);
  }

  onStreamDrop(reason: StreamDropReason): void {
    this.hub.drop(reason === 'oversize' ? 'frame-too-long' : reason);
  }

  onDrain(): void {
    this.#outbox.resume();
  }

  onConnectionEnd(connection: Connection, cause: string): void {
    this.#noteActivity(connection);
    this.#heardMs = Math.max(this.#heardMs, connection.lastReceivedMs);
    this.#connections.remove(connection);
    this.#context.tally.connections -= 1;
    if (this.#closed) return;
    if (this.connections === 0) this.#outbox.clear('no-connection');
    else this.#outbox.resume();
    this.#arm();
    this.#context.onConnectionEnded(this, cause);
  }

  #noteActivity(connection: Connection): void {
    this.#activeMs = Math.max(this.#activeMs, connection.lastReceivedMs, connection.lastSentMs);
  }

  /**
   * When a connection is given up for silence. One that only we may send on tells nothing of its
   * client: it goes when nothing was heard on any.
   */
  #silentAtMs(connection: Connection): number {
    if (this.#connections.receivers.includes(connection)) return connection.silentAtMs;
    return Math.max(this.#heardMs, this.#connections.heardMs) + this.timeoutMs;
  }

  /** One timer per session: it looks at everything that may be due and sleeps until the next. */
  #tick(): void {
    this.#tickAtMs = Number.POSITIVE_INFINITY;
    const nowMs = this.#nowMs();
    const { all, senders } = this.#connections;
    for (const connection of [...all]) {
      if (nowMs >= this.#silentAtMs(connection)) connection.end('connection-timeout');
      else this.#noteActivity(connection);
    }
    for (const connection of senders) {
      if (nowMs >= connection.keepAliveAtMs) connection.sendKeepAlive(nowMs);
      this.#noteActivity(connection);
    }
    this.#outbox.chargeWire();
    if (nowMs >= this.#endsAtMs) this.close('auto-disconnect');
    else if (nowMs >= this.#activeMs + this.timeoutMs) this.close('timeout');
    else this.#arm();
  }

  #arm(): void {
    assert(!this.#closed, 'a closed session has no timer');
    const { all, senders } = this.#connections;
    for (const connection of all) this.#noteActivity(connection);
    let dueMs = Math.min(this.#activeMs + this.timeoutMs, this.#endsAtMs);
    for (const connection of all) dueMs = Math.min(dueMs, this.#silentAtMs(connection));
    for (const connection of senders) dueMs = Math.min(dueMs, connection.keepAliveAtMs);
    if (dueMs >= this.#tickAtMs) return;
    this.#cancelTick?.();
    this.#tickAtMs = dueMs;
    const roundMs = Math.ceil(dueMs / tickRoundMs) * tickRoundMs;
    const delayMs = Math.max(0, roundMs - this.#nowMs());
    this.#cancelTick = this.#context.timers.after(delayMs, () => this.#tick());
  }
}
