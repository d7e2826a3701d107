import { between, type Random } from '#shared/kernel/random.ts';
import { WireError } from '#shared/wire/wire-error.ts';
import {
  encodeKeepAlive,
  FrameDecoder,
  type FrameSink,
  type StreamDropReason,
} from '../stream/frame-batch.ts';
import type { Wire } from './wire.ts';

/** Genuine senders use 0..511 bytes of noise; a few suffice, and inside TLS any will do. */
const noise = Buffer.alloc(64);
/** With more than this unread in the socket a keep-alive would only add to it. */
const keepAliveBacklogBytesMax = 16_384;
/**
 * Of the timeout: a peer's keep-alive is answered with ours when nothing was sent for so long, in
 * the wake-up that it has cost anyhow. Sooner would be more often: peers send one after a fifth to
 * a half (protocol/05 §3), and a keep-alive costs several wake-ups.
 */
const answerAfterShare = 1 / 3;
/** When ours are due by themselves: rarely before the peer's, and in time for its patience. */
const keepAliveShareMin = 0.4;
const keepAliveShareMax = 0.5;

/** What a connection asks of its session. */
export interface ConnectionOwner {
  /** At the head of everything that arrived together. */
  beginBatch(): void;
  /** At its end: what was read will be overwritten. */
  endBatch(): void;
  onFrame(frame: Buffer): void;
  onStreamDrop(reason: StreamDropReason): void;
  onDrain(): void;
  /** The connection is over, for whatever cause; called once. */
  onConnectionEnd(connection: Connection, cause: string): void;
}

export interface ConnectionOptions {
  readonly id: number;
  readonly wire: Wire;
  readonly owner: ConnectionOwner;
  readonly random: Random;
  readonly timeoutMs: number;
  /** Whether frames may flow from us to the peer on it. */
  readonly maySend: boolean;
  readonly compressed: boolean;
  readonly nowMs: () => number;
}

/**
 * One socket of a session, after the handshake. The listener tells it what the socket does; it
 * never touches one.
 */
export class Connection implements FrameSink {
  // Fixed at construction.
  readonly id: number;
  readonly wire: Wire;
  readonly #owner: ConnectionOwner;
  readonly #random: Random;
  readonly #timeoutMs: number;
  readonly #maySend: boolean;
  readonly #nowMs: () => number;
  readonly #decoder: FrameDecoder;

  // Owned by the read path.
  #lastReceivedMs: number;
  #batchMs: number;

  // Owned by the write path.
  #lastSentMs: number;
  #keepAliveSpanMs = 0;
  #ended = false;

  constructor(options: ConnectionOptions) {
    this.id = options.id;
    this.wire = options.wire;
    this.#owner = options.owner;
    this.#random = options.random;
    this.#timeoutMs = options.timeoutMs;
    this.#maySend = options.maySend;
    this.#nowMs = options.nowMs;
    this.#decoder = new FrameDecoder(this, { compressed: options.compressed });
    this.#lastReceivedMs = this.#batchMs = this.#lastSentMs = options.nowMs();
  }

  get ended(): boolean {
    return this.#ended;
  }

  /** When, if nothing complete arrives any more, this connection is given up. */
  get silentAtMs(): number {
    return this.#lastReceivedMs + this.#timeoutMs;
  }

  get keepAliveAtMs(): number {
    return this.#lastSentMs + this.#keepAliveSpanMs;
  }

  get lastReceivedMs(): number {
    return this.#lastReceivedMs;
  }

  get lastSentMs(): number {
    return this.#lastSentMs;
  }

  /** The socket brought these bytes, which may be overwritten when this returns. */
  received(chunk: Buffer): void {
    if (this.#ended) return;
    this.#batchMs = this.#nowMs();
    this.#owner.beginBatch();
    try {
      this.#decoder.push(chunk);
    } catch (error) {
      if (!(error instanceof WireError)) throw error;
      this.end(error.code);
    }
    this.#owner.endBatch();
  }

  /** The socket has room again. */
  drained(): void {
    if (!this.#ended) this.#owner.onDrain();
  }

  /** The socket is gone, or its peer has ended it. */
  closed(): void {
    this.end('peer-closed');
  }

  onFrame(frame: Buffer): void {
    this.#lastReceivedMs = this.#batchMs;
    this.#owner.onFrame(frame);
  }

  onKeepAlive(): void {
    this.#lastReceivedMs = this.#batchMs;
    const quietMs = this.#batchMs - this.#lastSentMs;
    if (this.#maySend && quietMs >= this.#timeoutMs * answerAfterShare) {
      this.sendKeepAlive(this.#batchMs);
    }
  }

  onDrop(reason: StreamDropReason): void {
    this.#lastReceivedMs = this.#batchMs;
    this.#owner.onStreamDrop(reason);
  }

  /** `onTaken`: the batch is with the kernel, and its bytes may be used for others. */
  send(batch: Buffer, nowMs: number, onTaken: () => void): void {
    this.#lastSentMs = nowMs;
    this.wire.write(batch, onTaken);
  }

  /**
   * Send one and draw the span to the next, before timeout/2 (protocol/05 §3). A peer that does
   * not read gathers no more of them.
   */
  sendKeepAlive(nowMs: number): void {
    this.#keepAliveSpanMs =
      this.#timeoutMs * between(this.#random, keepAliveShareMin, keepAliveShareMax);
    this.#lastSentMs = nowMs;
    if (this.wire.bufferedBytes > keepAliveBacklogBytesMax) return;
    const noiseBytes = Math.floor(this.#random.fraction() * noise.length);
    this.wire.write(encodeKeepAlive(noise.subarray(0, noiseBytes)));
  }

  end(cause: string): void {
    if (this.#ended) return;
    this.#ended = true;
    this.wire.end();
    this.#owner.onConnectionEnd(this, cause);
  }
}
