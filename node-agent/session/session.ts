import { assert } from '#shared/kernel/assert.ts';
import type { Cancel, Clock, Timers } from '#shared/kernel/clock.ts';
import type { Random } from '#shared/kernel/random.ts';
import type { Direction } from '#shared/wire/additional-connect.ts';
import { deflateBlock } from '../stream/compression.ts';
import { encodeBatch, type StreamDropReason } from '../stream/frame-batch.ts';
import type { Attachment, Port } from '../switch/attachment.ts';
import type { HubInstance } from '../switch/hub-instance.ts';
import { Connection, type ConnectionOwner } from './connection.ts';
import type { Flushable, FlushQueue } from './flush-queue.ts';
import { type SendBudget, SendQueue } from './send-queue.ts';
import type { SessionLimits } from './session-limits.ts';
import type { Wire } from './wire.ts';

/** Why a session ended; logged, and the reader of a log acts on it. */
export type CloseReason =
  | 'timeout' // no connection, or a silent one, for the session's timeout
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
  readonly sendBudget: SendBudget;
  readonly limits: SessionLimits;
}

export interface SessionOptions {
  readonly name: string;
  readonly hub: HubInstance;
  /** 20 bytes; whoever shows them may add a connection. */
  readonly key: Buffer;
  readonly timeoutMs: number;
  readonly connectionsMax: number;
  readonly compressed: boolean;
  readonly monitor: boolean;
  readonly macsMax: number | undefined;
  readonly ip4Max: number | undefined;
  readonly onClosed: (session: Session, reason: CloseReason) => void;
}

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
export class Session implements Port, ConnectionOwner, Flushable {
  // Fixed at construction.
  readonly name: string;
  readonly hub: HubInstance;
  readonly key: Buffer;
  readonly timeoutMs: number;
  readonly connectionsMax: number;
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
  readonly #nowMs: () => number;

  // Owned by the write path.
  readonly #queue: SendQueue;
  readonly #batch: Buffer[] = [];
  #flushing = false;
  #lastUsed: Connection | undefined;

  // Owned by the session's timer.
  #cancelTick: Cancel | undefined;
  #tickAtMs = Number.POSITIVE_INFINITY;
  #activeMs: number;

  readonly #connections: Connection[] = [];
  #connectionsEver = 0;
  #closed = false;

  constructor(options: SessionOptions, context: SessionContext) {
    this.name = options.name;
    this.hub = options.hub;
    this.key = options.key;
    this.timeoutMs = options.timeoutMs;
    this.connectionsMax = options.connectionsMax;
    this.#context = context;
    this.#compressed = options.compressed;
    this.#onClosed = options.onClosed;
    this.#nowMs = () => context.clock.monotonicMs();
    this.#activeMs = this.#nowMs();
    this.#queue = new SendQueue(context.limits.sendQueue, context.sendBudget, (reason, frames) =>
      this.hub.drop(reason, frames),
    );
    this.#attachment = options.hub.attach(this, options);
    this.#arm();
  }

  get connections(): number {
    return this.#connections.length;
  }

  get queuedFrames(): number {
    return this.#queue.frames;
  }

  get isClosed(): boolean {
    return this.#closed;
  }

  /** Directions of the next connection; always full duplex, as Welcome says. */
  get direction(): Direction {
    return 'both';
  }

  /**
   * Whether another connection may join. One more than the maximum is allowed, as in genuine
   * servers: a client replaces a connection before we know that the old one is dead.
   */
  get hasRoom(): boolean {
    return !this.#closed && this.#connections.length <= this.connectionsMax;
  }

  /** A connection is through its handshake: from here on the socket carries the stream. */
  join(wire: Wire): JoinOutcome {
    if (this.#closed) return { kind: 'session-closed' };
    if (!this.hasRoom) return { kind: 'too-many-connections' };
    this.#connectionsEver += 1;
    const connection = new Connection({
      id: this.#connectionsEver,
      wire,
      owner: this,
      random: this.#context.random,
      timeoutMs: this.timeoutMs,
      compressed: this.#compressed,
      nowMs: this.#nowMs,
    });
    this.#connections.push(connection);
    connection.sendKeepAlive(this.#nowMs());
    this.#arm();
    return { kind: 'joined', connection };
  }

  /** End every connection in order and leave the hub. May be called twice. */
  close(reason: CloseReason): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#cancelTick?.();
    this.hub.detach(this.#attachment);
    this.#queue.clear('session-closed');
    for (const connection of [...this.#connections]) connection.end(reason);
    this.#onClosed(this, reason);
  }

  /** {@link Port}: a frame for this client. */
  deliver(frame: Buffer): void {
    if (this.#connections.length === 0) {
      this.hub.drop('no-connection');
      return;
    }
    this.#queue.push(frame);
    this.#askFlush();
  }

  /** Write what waits: batches to the connection with the least backlog, while one has room. */
  flush(): void {
    this.#flushing = false;
    while (this.#queue.frames > 0) {
      const connection = this.#chooseConnection();
      if (connection === undefined) break;
      this.#queue.takeBatch(this.#context.limits.batchBytesMax, this.#batch);
      this.#writeBatch(connection);
      this.#batch.length = 0;
    }
    this.#queue.settle();
  }

  beginBatch(): void {
    this.hub.beginBatch();
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
    if (this.#queue.frames > 0) this.#askFlush();
  }

  onConnectionEnd(connection: Connection): void {
    this.#noteActivity(connection);
    this.#connections.splice(this.#connections.indexOf(connection), 1);
    if (this.#lastUsed === connection) this.#lastUsed = undefined;
    if (this.#connections.length === 0) this.#queue.clear('no-connection');
    if (!this.#closed) this.#arm();
  }

  #askFlush(): void {
    if (this.#flushing) return;
    this.#flushing = true;
    this.#context.flushQueue.add(this);
  }

  /** Ties stay with the connection used last, so that a quiet session's frames keep their order. */
  #chooseConnection(): Connection | undefined {
    const { wireBytesMax, wireBytesMin } = this.#context.limits;
    const roomBytes = Math.max(wireBytesMin, wireBytesMax / this.#connections.length);
    let chosen: Connection | undefined;
    let leastBytes = roomBytes;
    for (const connection of this.#connections) {
      const backlog = connection.wire.bufferedBytes;
      if (backlog < leastBytes || (backlog === leastBytes && connection === this.#lastUsed)) {
        if (backlog >= roomBytes) continue;
        chosen = connection;
        leastBytes = backlog;
      }
    }
    this.#lastUsed = chosen;
    return chosen;
  }

  #writeBatch(connection: Connection): void {
    for (let i = 0; i < this.#batch.length; i++) {
      const frame = this.#batch[i] as Buffer;
      this.counters.bytesSent += frame.length;
      if (this.#compressed) this.#batch[i] = deflateBlock(frame);
    }
    this.counters.framesSent += this.#batch.length;
    connection.send(encodeBatch(this.#batch), this.#nowMs());
  }

  #noteActivity(connection: Connection): void {
    this.#activeMs = Math.max(this.#activeMs, connection.lastReceivedMs, connection.lastSentMs);
  }

  /** One timer per session: it looks at everything that may be due and sleeps until the next. */
  #tick(): void {
    this.#tickAtMs = Number.POSITIVE_INFINITY;
    const nowMs = this.#nowMs();
    for (const connection of [...this.#connections]) {
      if (nowMs >= connection.silentAtMs) connection.end('connection-timeout');
      else if (nowMs >= connection.keepAliveAtMs) connection.sendKeepAlive(nowMs);
      if (!connection.ended) this.#noteActivity(connection);
    }
    if (nowMs >= this.#activeMs + this.timeoutMs) this.close('timeout');
    else this.#arm();
  }

  #arm(): void {
    assert(!this.#closed, 'a closed session has no timer');
    for (const connection of this.#connections) this.#noteActivity(connection);
    let dueMs = this.#activeMs + this.timeoutMs;
    for (const connection of this.#connections) {
      dueMs = Math.min(dueMs, connection.silentAtMs, connection.keepAliveAtMs);
    }
    if (dueMs >= this.#tickAtMs) return;
    this.#cancelTick?.();
    this.#tickAtMs = dueMs;
    const delayMs = Math.max(0, dueMs - this.#nowMs());
    this.#cancelTick = this.#context.timers.after(delayMs, () => this.#tick());
  }
}
