import type { Cancel } from '#shared/kernel/clock.ts';
import { between } from '#shared/kernel/random.ts';
import type { Direction } from '#shared/wire/additional-connect.ts';
import { errorCode } from '#shared/wire/error-code.ts';
import type { Welcome } from '#shared/wire/welcome.ts';
import { deflateBlock } from '../stream/compression.ts';
import { encodeBatch, encodeKeepAlive } from '../stream/frame-batch.ts';
import { addConnection } from './add-connection.ts';
import type { RawStream, Target } from './channel.ts';
import { type DialOptions, defaultAdditionalConnectEveryMs } from './dial-options.ts';
import { DialedConnection } from './dialed-connection.ts';

/** Why a session is over. */
export type SessionEnd =
  | { readonly kind: 'closed' }
  /** Nothing was sent or received for the session's timeout. */
  | { readonly kind: 'timeout' }
  /** The server does not know, or does not want, the session any more: 13 or 14. */
  | { readonly kind: 'refused'; readonly code: number }
  /** Another server answers at the member's address. */
  | { readonly kind: 'pin-mismatch' };

export interface DialedSessionStats {
  framesSent: number;
  framesReceived: number;
  bytesSent: number;
  bytesReceived: number;
  /** Not sent: no connection, or its buffer full. */
  framesDropped: number;
  connectionsMade: number;
  connectionsLost: number;
}

/** What all sockets of a session may buffer, and what each may at least (`protocol/05` §2). */
const sendBufferBytesMax = 2_560_000;
const sendBufferBytesMin = 320_000;
const keepAlivePayloadBytesMax = 64;

/**
 * The client's end of a session: sends and receives frames over up to 32 connections, keeps them
 * alive, replaces lost ones, and ends as genuine clients end (`protocol/05` §3).
 */
export class DialedSession {
  // Fixed at construction.
  readonly welcome: Welcome;
  /** The server that holds the session: the member, after a Redirect. */
  readonly member: Target;
  readonly stats: DialedSessionStats = {
    framesSent: 0,
    framesReceived: 0,
    bytesSent: 0,
    bytesReceived: 0,
    framesDropped: 0,
    connectionsMade: 0,
    connectionsLost: 0,
  };
  /** Settles once, when the session is over and all its sockets are gone; never rejects. */
  readonly ended: Promise<SessionEnd>;
  readonly #options: DialOptions;
  readonly #connectionsWanted: number;
  readonly #bufferBytesMax: number;
  readonly #abort = new AbortController();

  /** Frames are views; who keeps one longer than the call copies it. */
  onFrame: (frame: Buffer) => void;
  onEnd: (end: SessionEnd) => void;
  onDrain: () => void;

  readonly #connections: DialedConnection[] = [];
  #end: SessionEnd | undefined;
  #resolveEnded: (end: SessionEnd) => void = () => undefined;
  readonly #closing = new Set<Promise<void>>();

  // Owned by the timer.
  #cancelTick: Cancel = () => undefined;
  #lastActivityMs: number;
  #nextAddAtMs: number;
  #adding: Promise<void> | undefined;

  constructor(welcome: Welcome, member: Target, first: RawStream, options: DialOptions) {
    this.welcome = welcome;
    this.member = member;
    this.#options = options;
    const least = (welcome.halfConnection ? 2 : 1) * (welcome.qos ? 2 : 1);
    const wanted = Math.max(options.maxConnections ?? 1, least);
    this.#connectionsWanted = Math.min(welcome.maxConnection, wanted);
    this.#bufferBytesMax = Math.max(
      sendBufferBytesMax / this.#connectionsWanted,
      sendBufferBytesMin,
    );
    this.onFrame = options.onFrame ?? (() => undefined);
    this.onEnd = options.onEnd ?? (() => undefined);
    this.onDrain = options.onDrain ?? (() => undefined);
    this.ended = new Promise((resolve) => {
      this.#resolveEnded = resolve;
    });
    this.#lastActivityMs = this.#nowMs();
    this.#nextAddAtMs = this.#nowMs() + this.#addEveryMs;
    this.#join(first, welcome.halfConnection ? 'client-to-server' : 'both');
  }

  get sessionName(): string {
    return this.welcome.sessionName;
  }

  get connections(): number {
    return this.#connections.length;
  }

  /** Bytes written and not yet taken by the kernel. */
  get bufferedBytes(): number {
    return this.#connections.reduce((sum, connection) => sum + connection.bufferedBytes, 0);
  }

  /**
   * Send frames as one batch on the least loaded connection. Never blocks: without a connection,
   * or with its buffer full, the frames are dropped, counted, and the answer is false.
   */
  send(frames: readonly Buffer[]): boolean {
    if (frames.length === 0) return true;
    const connection = this.#leastLoaded();
    if (connection === undefined || connection.bufferedBytes > this.#bufferBytesMax) {
      this.stats.framesDropped += frames.length;
      return false;
    }
    const blocks = this.welcome.useCompress ? frames.map(deflateBlock) : frames;
    connection.write(encodeBatch(blocks));
    this.#sent(connection);
    this.stats.framesSent += frames.length;
    for (const frame of frames) this.stats.bytesSent += frame.length;
    return true;
  }

  /** Leave: end every connection in order. Resolves when all sockets are gone. */
  async close(): Promise<void> {
    this.#finish({ kind: 'closed' });
    await this.ended;
  }

  get #addEveryMs(): number {
    return this.#options.additionalConnectEveryMs ?? defaultAdditionalConnectEveryMs;
  }

  #nowMs(): number {
    return this.#options.clock.monotonicMs();
  }

  #leastLoaded(): DialedConnection | undefined {
    let chosen: DialedConnection | undefined;
    let least = Number.POSITIVE_INFINITY;
    for (const connection of this.#connections) {
      if (!connection.canSend || connection.bufferedBytes > least) continue;
      chosen = connection;
      least = connection.bufferedBytes;
    }
    return chosen;
  }

  #join(stream: RawStream, direction: Direction): void {
    this.stats.connectionsMade += 1;
    const connection = new DialedConnection({
      stream,
      direction,
      compressed: this.welcome.useCompress,
      timers: this.#options.timers,
      nowMs: () => this.#nowMs(),
      onFrame: (frame) => this.#received(frame),
      onDrain: () => this.onDrain(),
      onLost: (lost, cause) => this.#lost(lost, cause),
    });
    this.#connections.push(connection);
    this.#tick();
  }

  #received(frame: Buffer): void {
    if (this.#end !== undefined) return;
    this.stats.framesReceived += 1;
    this.stats.bytesReceived += frame.length;
    this.onFrame(frame);
  }

  #lost(connection: DialedConnection, cause: string): void {
    const index = this.#connections.indexOf(connection);
    if (index < 0) return;
    this.#connections.splice(index, 1);
    this.#closeOne(connection);
    this.stats.connectionsLost += 1;
    this.#options.log.info('dial.connection-lost', { session: this.sessionName, cause });
    this.#lastActivityMs = Math.max(this.#lastActivityMs, connection.lastReceivedMs);
    this.#tick();
  }

  #sent(connection: DialedConnection): void {
    const { timeoutMs } = this.welcome;
    this.#lastActivityMs = this.#nowMs();
    connection.keepAliveAtMs =
      this.#lastActivityMs + between(this.#options.random, timeoutMs / 5, timeoutMs / 2);
  }

  /** Do what is due, and come back when the next thing is. */
  #tick(): void {
    this.#cancelTick();
    if (this.#end !== undefined) return;
    const nowMs = this.#nowMs();
    const { timeoutMs } = this.welcome;
    for (const connection of [...this.#connections]) {
      if (connection.silentAtMs(timeoutMs) <= nowMs) {
        this.#lost(connection, 'silent');
        return; // which ticks again
      }
      if (connection.canSend && connection.keepAliveAtMs <= nowMs) this.#keepAlive(connection);
    }
    const activeMs = this.#connections.reduce(
      (latest, connection) => Math.max(latest, connection.lastReceivedMs),
      this.#lastActivityMs,
    );
    if (activeMs + timeoutMs <= nowMs) {
      this.#finish({ kind: 'timeout' });
      return;
    }
    if (this.#wantsConnection() && this.#nextAddAtMs <= nowMs) this.#add(nowMs);
    const dueMs = Math.min(activeMs + timeoutMs, this.#nextDueMs(timeoutMs));
    this.#cancelTick = this.#options.timers.after(Math.max(dueMs - nowMs, 1), () => this.#tick());
  }

  #nextDueMs(timeoutMs: number): number {
    let dueMs = this.#wantsConnection() ? this.#nextAddAtMs : Number.POSITIVE_INFINITY;
    for (const connection of this.#connections) {
      dueMs = Math.min(dueMs, connection.silentAtMs(timeoutMs));
      if (connection.canSend) dueMs = Math.min(dueMs, connection.keepAliveAtMs);
    }
    return dueMs;
  }

  #keepAlive(connection: DialedConnection): void {
    const { random } = this.#options;
    const noise = random.bytes(Math.floor(random.fraction() * keepAlivePayloadBytesMax));
    connection.write(encodeKeepAlive(noise));
    this.#sent(connection);
  }

  #wantsConnection(): boolean {
    return this.#adding === undefined && this.#connections.length < this.#connectionsWanted;
  }

  #add(nowMs: number): void {
    this.#nextAddAtMs = nowMs + this.#addEveryMs;
    this.#adding = this.#addOne().then(() => {
      this.#adding = undefined;
      this.#tick();
    });
  }

  async #addOne(): Promise<void> {
    const outcome = await addConnection(
      this.member,
      this.welcome,
      this.#options,
      this.#abort.signal,
    );
    if (outcome.kind === 'joined' && this.#end === undefined) {
      this.#join(outcome.stream, outcome.direction);
      return;
    }
    if (outcome.kind === 'joined') {
      outcome.stream.socket.on('error', () => undefined);
      outcome.stream.socket.destroy();
      return;
    }
    this.#options.log.info('dial.connection-refused', { session: this.sessionName, ...outcome });
    if (outcome.kind === 'failed' && outcome.failure === 'pin-mismatch') {
      this.#finish({ kind: 'pin-mismatch' });
    }
    if (outcome.kind === 'rejected' && isFinal(outcome.code)) {
      this.#finish({ kind: 'refused', code: outcome.code });
    }
  }

  #closeOne(connection: DialedConnection): void {
    const closing = connection.close();
    this.#closing.add(closing);
    void closing.then(() => this.#closing.delete(closing));
  }

  #finish(end: SessionEnd): void {
    if (this.#end !== undefined) return;
    this.#end = end;
    this.#cancelTick();
    this.#abort.abort('cancelled');
    for (const connection of this.#connections.splice(0)) this.#closeOne(connection);
    const adding = this.#adding ?? Promise.resolve();
    void Promise.all([...this.#closing, adding]).then(() => {
      this.#resolveEnded(end);
      this.onEnd(end);
    });
  }
}

/** After these the client ends the session; after any other it tries again (`protocol/02` §10). */
function isFinal(code: number): boolean {
  return code === errorCode.sessionTimeout || code === errorCode.invalidProtocol;
}
