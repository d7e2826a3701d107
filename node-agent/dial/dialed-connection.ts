import type { TLSSocket } from 'node:tls';
import type { Cancel, Timers } from '#shared/kernel/clock.ts';
import type { Direction } from '#shared/wire/additional-connect.ts';
import { WireError } from '#shared/wire/wire-error.ts';
import { FrameDecoder, type FrameSink } from '../stream/frame-batch.ts';
import type { RawStream } from './channel.ts';
import { endSocket } from './end-socket.ts';

export interface DialedConnectionOptions {
  readonly stream: RawStream;
  readonly direction: Direction;
  readonly compressed: boolean;
  readonly timers: Timers;
  readonly nowMs: () => number;
  readonly onFrame: (frame: Buffer) => void;
  readonly onDrain: () => void;
  readonly onLost: (connection: DialedConnection, cause: string) => void;
}

/** One socket of a dialed session, after the handshake. It owns the socket. */
export class DialedConnection {
  readonly direction: Direction;
  readonly #options: DialedConnectionOptions;
  readonly #socket: TLSSocket;
  readonly #decoder: FrameDecoder;
  #lastReceivedMs: number;
  readonly #cancelStart: Cancel;
  #lost = false;
  /** When the next keep-alive is due; owned by the session's timer. */
  keepAliveAtMs: number;

  constructor(options: DialedConnectionOptions) {
    this.#options = options;
    this.direction = options.direction;
    this.#socket = options.stream.socket;
    this.#lastReceivedMs = options.nowMs();
    this.keepAliveAtMs = this.#lastReceivedMs;
    const sink: FrameSink = {
      onFrame: options.onFrame,
      onKeepAlive: () => undefined,
      onDrop: () => undefined,
    };
    this.#decoder = new FrameDecoder(sink, { compressed: options.compressed });
    this.#socket.on('error', (error) => this.#end(error.message));
    this.#socket.on('close', () => this.#end('closed'));
    this.#socket.on('drain', options.onDrain);
    this.#socket.on('data', this.#onData);
    this.#socket.pause();
    // Whoever dialed gets the session first, then its first frames.
    this.#cancelStart = options.timers.after(0, () => {
      this.#onData(options.stream.rest);
      this.#socket.resume();
    });
  }

  get canSend(): boolean {
    return this.direction !== 'server-to-client';
  }

  get lastReceivedMs(): number {
    return this.#lastReceivedMs;
  }

  /** When silence has lasted too long; never, where nothing may be received. */
  silentAtMs(timeoutMs: number): number {
    if (this.direction === 'client-to-server') return Number.POSITIVE_INFINITY;
    return this.#lastReceivedMs + timeoutMs;
  }

  get bufferedBytes(): number {
    return this.#socket.writableLength;
  }

  write(bytes: Buffer): void {
    this.#socket.write(bytes);
  }

  /** End in order; resolves when the socket is gone. */
  close(): Promise<void> {
    this.#lost = true;
    this.#cancelStart();
    return endSocket(this.#socket, this.#options.timers);
  }

  readonly #onData = (chunk: Buffer): void => {
    if (this.#lost) return;
    this.#lastReceivedMs = this.#options.nowMs();
    try {
      this.#decoder.push(chunk);
    } catch (error) {
      if (!(error instanceof WireError)) throw error;
      this.#end(error.code);
    }
  };

  #end(cause: string): void {
    if (this.#lost) return;
    void this.close();
    this.#options.onLost(this, cause);
  }
}
