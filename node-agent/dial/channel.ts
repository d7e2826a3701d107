import { isIP, isIPv6 } from 'node:net';
import { connect, type TLSSocket } from 'node:tls';
import { assert } from '#shared/kernel/assert.ts';
import type { Timers } from '#shared/kernel/clock.ts';
import { WireError } from '#shared/wire/wire-error.ts';
import { DialError, type DialFailure } from './dial-error.ts';
import { endSocket } from './end-socket.ts';
import { type HttpResponse, ResponseParser } from './response-parser.ts';

/** Where to connect, and what must be found there. */
export interface Target {
  readonly address: string;
  readonly port: number;
  /** DER the server must present, byte for byte; without it any certificate will do. */
  readonly pin?: Buffer | undefined;
}

/** What remains when the HTTP part is over: the socket, paused, and what it already brought. */
export interface RawStream {
  readonly socket: TLSSocket;
  readonly rest: Buffer;
}

export interface ChannelOptions {
  readonly bodyBytesMax: number;
  /** Ends everything on the channel until {@link Channel.takeOver}. */
  readonly signal: AbortSignal;
  readonly timers: Timers;
}

interface Waiter {
  readonly resolve: (response: HttpResponse) => void;
  readonly reject: (error: Error) => void;
}

/** A TLS connection while it speaks HTTP: one request, one response, then the next. */
export class Channel {
  readonly target: Target;
  readonly #socket: TLSSocket;
  readonly #options: ChannelOptions;
  #waiter: Waiter | undefined;
  #parser: ResponseParser | undefined;
  #rest = Buffer.alloc(0);
  #failure: DialError | undefined;

  private constructor(socket: TLSSocket, target: Target, options: ChannelOptions) {
    this.#socket = socket;
    this.target = target;
    this.#options = options;
    socket.on('data', this.#onData);
    socket.on('error', this.#onError);
    socket.on('close', this.#onClose);
    options.signal.addEventListener('abort', this.#onAbort);
    socket.pause();
  }

  /** Connect and shake hands. @throws {DialError} */
  static async open(target: Target, options: ChannelOptions): Promise<Channel> {
    const socket = await openSocket(target, options.signal);
    return new Channel(socket, target, options);
  }

  /** What genuine clients put into `Host`: the address connected to, whatever was configured. */
  get host(): string {
    const address = this.remoteAddress;
    return isIPv6(address) ? `[${address}]` : address;
  }

  get remoteAddress(): string {
    return this.#socket.remoteAddress ?? this.target.address;
  }

  /** Send one request and wait for its response. @throws {DialError} */
  request(message: Buffer): Promise<HttpResponse> {
    assert(this.#waiter === undefined, 'one request at a time');
    return new Promise((resolve, reject) => {
      if (this.#failure !== undefined) {
        reject(this.#failure);
        return;
      }
      this.#waiter = { resolve, reject };
      this.#parser = new ResponseParser(this.#options.bodyBytesMax);
      this.#socket.write(message);
      const early = this.#rest;
      this.#rest = Buffer.alloc(0);
      this.#onData(early);
      this.#socket.resume();
    });
  }

  /** Send what needs no answer, and end the connection in order. */
  endWith(message?: Buffer): void {
    this.#detach();
    if (message !== undefined) this.#socket.write(message);
    void endSocket(this.#socket, this.#options.timers);
  }

  /** From here on the socket is the caller's; it must listen for 'error' in the same turn. */
  takeOver(): RawStream {
    assert(this.#waiter === undefined, 'no request is under way');
    this.#detach();
    return { socket: this.#socket, rest: this.#rest };
  }

  destroy(): void {
    this.#detach();
    this.#socket.on('error', ignore);
    this.#socket.destroy();
  }

  #detach(): void {
    this.#options.signal.removeEventListener('abort', this.#onAbort);
    this.#socket.off('data', this.#onData);
    this.#socket.off('error', this.#onError);
    this.#socket.off('close', this.#onClose);
  }

  readonly #onAbort = (): void => {
    this.#socket.destroy();
    this.#fail(abortError(this.#options.signal, this.target));
  };

  readonly #onError = (error: Error): void => {
    this.#fail(new DialError('closed', nameOf(this.target), { cause: error }));
  };

  readonly #onClose = (): void => {
    this.#fail(new DialError('closed', nameOf(this.target)));
  };

  readonly #onData = (chunk: Buffer): void => {
    if (this.#parser === undefined) {
      this.#rest = Buffer.concat([this.#rest, chunk]); // at most what was read before the pause
      return;
    }
    try {
      const complete = this.#parser.push(chunk);
      if (complete === undefined) return;
      this.#socket.pause();
      this.#rest = Buffer.from(complete.rest);
      this.#parser = undefined;
      const waiter = this.#waiter;
      this.#waiter = undefined;
      waiter?.resolve(complete.response);
    } catch (error) {
      if (!(error instanceof WireError)) throw error;
      this.#socket.destroy();
      this.#fail(new DialError('protocol', nameOf(this.target), { cause: error }));
    }
  };

  #fail(error: DialError): void {
    this.#failure ??= error;
    const waiter = this.#waiter;
    this.#waiter = undefined;
    waiter?.reject(this.#failure);
  }
}

function openSocket(target: Target, signal: AbortSignal): Promise<TLSSocket> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) {
      reject(abortError(signal, target));
      return;
    }
    const socket = connect({
      host: target.address,
      port: target.port,
      // RFC 6066 §3 allows no IP literals in SNI.
      servername: isIP(target.address) ? '' : target.address,
      // A cluster's certificates are its own; who must be sure of the server pins it.
      rejectUnauthorized: false,
    });
    let connected = false;
    const fail = (failure: DialFailure, cause?: Error): void => {
      settle();
      socket.on('error', ignore);
      socket.destroy();
      reject(new DialError(failure, nameOf(target), cause === undefined ? {} : { cause }));
    };
    const onConnect = (): void => {
      connected = true;
    };
    const onError = (error: Error): void => fail(connected ? 'tls-failed' : 'not-connected', error);
    const onClose = (): void => fail('tls-failed');
    const onAbort = (): void => fail(abortFailure(signal));
    const onSecure = (): void => {
      const shown = socket.getPeerX509Certificate()?.raw;
      if (target.pin !== undefined && !(shown && target.pin.equals(shown))) {
        fail('pin-mismatch');
        return;
      }
      settle();
      socket.setNoDelay(true);
      resolve(socket);
    };
    const settle = (): void => {
      socket.off('connect', onConnect);
      socket.off('error', onError);
      socket.off('close', onClose);
      socket.off('secureConnect', onSecure);
      signal.removeEventListener('abort', onAbort);
    };
    socket.on('connect', onConnect);
    socket.on('error', onError);
    socket.on('close', onClose);
    socket.on('secureConnect', onSecure);
    signal.addEventListener('abort', onAbort);
  });
}

/** The deadline aborts with this name, everything else is the caller's wish. */
export const deadlineReason = 'deadline';

function abortError(signal: AbortSignal, target: Target): DialError {
  return new DialError(abortFailure(signal), nameOf(target));
}

function abortFailure(signal: AbortSignal): DialFailure {
  return signal.reason === deadlineReason ? 'deadline' : 'cancelled';
}

export function nameOf(target: Target): string {
  return `${target.address}:${target.port}`;
}

const ignore = (): void => undefined;
