import { createServer, type Server, type Socket } from 'node:net';
import {
  createServer as createTlsServer,
  type TLSSocket,
  type Server as TlsServer,
} from 'node:tls';
import { assert } from '#shared/kernel/assert.ts';
import type { Clock, Timers } from '#shared/kernel/clock.ts';
import type { Log } from '#shared/kernel/log.ts';
import type { Random } from '#shared/kernel/random.ts';
import { Arrivals, type ArrivalsLimits } from './arrivals.ts';
import { CauseCounts } from './cause-counts.ts';
import { Lingering, type LingeringLimits } from './lingering.ts';
import { Pace } from './pace.ts';
import { ReadBuffer } from './read-buffer.ts';
import { RejectLog } from './reject-log.ts';
import { type Door, Visit, type VisitLimits } from './visit.ts';
import { type Waiter, WaitingRoom, type WaitingRoomLimits } from './waiting-room.ts';

export interface MemberListenerLimits
  extends ArrivalsLimits,
    VisitLimits,
    WaitingRoomLimits,
    LingeringLimits {
  readonly handshakeMs: number;
  readonly departuresMs: number;
  readonly rejectsPerMinuteMax: number;
  readonly socketsMax: number;
  readonly backlog: number;
}

export interface MemberListenerOptions {
  readonly certificate: { readonly keyPem: string; readonly certPem: string };
  readonly door: Door;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  readonly atEndOfTurn: (action: () => void) => void;
  readonly log: Log;
  readonly limits: MemberListenerLimits;
}

/** ECDHE with AEAD: what every client since 4.x offers; AES-128 first, it is the fastest. */
const ciphers = [
  'ECDHE-ECDSA-AES128-GCM-SHA256',
  'ECDHE-ECDSA-AES256-GCM-SHA384',
  'ECDHE-ECDSA-CHACHA20-POLY1305',
].join(':');

/**
 * The port clients are redirected to. TLS ends at 1.2 because the cure for 5.01 clients needs a
 * renegotiation, which 1.3 does not have (protocol/04 §4). What strangers may cost is bounded: see
 * {@link WaitingRoom} and the deadlines in `limits.ts`.
 */
export class MemberListener {
  // Fixed at construction.
  readonly #options: MemberListenerOptions;
  readonly #tcp: Server;
  readonly #tls: TlsServer;
  readonly #arrivals: Arrivals;
  readonly #waiting: WaitingRoom;
  readonly #lingering: Lingering;
  readonly #readBuffer = new ReadBuffer();
  readonly #rejects: RejectLog;
  /** One for each socket at most. */
  readonly #departures: Pace;

  /** Connections in their TLS handshake, by the peer's address and port. */
  readonly #inHandshake = new Map<string, { waiter: Waiter; settle: (cause: string) => void }>();
  /** Those behind it that have no session yet. */
  readonly #visits = new Set<Visit>();
  readonly #sockets = new Set<Socket>();
  #isClosing = false;
  /** How visits without a session ended, since last asked. */
  readonly #causes = new CauseCounts();

  constructor(options: MemberListenerOptions) {
    this.#options = options;
    this.#arrivals = new Arrivals({
      ...options,
      mayBegin: (address) => this.#waiting.hasPlaceFor(address),
      begin: (socket, address) => this.#beginHandshake(socket, address),
      onTurnedAway: (cause) => this.#causes.count(cause),
    });
    this.#waiting = new WaitingRoom(options.limits, () => options.clock.monotonicMs());
    this.#departures = new Pace({ ...options, turnMs: options.limits.departuresMs });
    this.#lingering = new Lingering(options.timers, options.limits);
    const { clock, limits, log } = options;
    this.#rejects = new RejectLog(log, clock, limits.rejectsPerMinuteMax);
    this.#tls = createTlsServer({
      key: options.certificate.keyPem,
      cert: options.certificate.certPem,
      minVersion: 'TLSv1.2',
      maxVersion: 'TLSv1.2',
      ciphers,
      honorCipherOrder: true,
      handshakeTimeout: options.limits.handshakeMs,
    });
    this.#tls.on('secureConnection', (socket) => this.#onSecure(socket));
    this.#tls.on('tlsClientError', (error: NodeJS.ErrnoException, socket) => {
      this.#settleHandshake(socket, error.code ?? 'tls-error');
      socket.destroy();
    });
    this.#tcp = createServer({ noDelay: true, pauseOnConnect: true }, (socket) => {
      this.#onTcp(socket);
    });
    this.#tcp.maxConnections = options.limits.socketsMax;
    this.#tcp.on('error', (error) =>
      options.log.error('listener.failed', { error: error.message }),
    );
  }

  /** Sockets in all, sessions included. */
  get sockets(): number {
    return this.#sockets.size;
  }

  get waiting(): number {
    return this.#arrivals.size + this.#waiting.size;
  }

  get lingering(): number {
    return this.#lingering.size;
  }

  /** The port listened on, once it is. */
  get port(): number {
    const address = this.#tcp.address();
    assert(address !== null && typeof address === 'object', 'the listener is open');
    return address.port;
  }

  async open(address: string, port: number): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      this.#tcp.once('error', reject);
      this.#tcp.listen({ host: address, port, backlog: this.#options.limits.backlog }, () => {
        this.#tcp.off('error', reject);
        resolve();
      });
    });
  }

  /**
   * Take no one else, end the visits of those who are here, and cut off whoever still is after the
   * linger time. What is in its handshake is ended once it can be: in order.
   */
  async close(): Promise<void> {
    this.#isClosing = true;
    const closed = new Promise((resolve) => this.#tcp.close(resolve));
    const cancel = this.#options.timers.after(this.#options.limits.lingerMs, () => {
      for (const socket of this.#sockets) socket.destroy();
    });
    for (const visit of this.#visits) visit.stop();
    await closed;
    cancel();
    this.#tls.close();
  }

  /** How many visits ended without a session, by cause, since last asked. */
  takeCauses(): Record<string, number> {
    return this.#causes.take();
  }

  #onTcp(socket: Socket): void {
    const address = socket.remoteAddress;
    if (address === undefined) {
      socket.destroy();
      return;
    }
    this.#sockets.add(socket);
    socket.on('error', () => undefined); // its TLS socket reports it
    socket.once('close', () => this.#sockets.delete(socket));
    this.#arrivals.enter(socket, address);
  }

  #beginHandshake(socket: Socket, address: string): void {
    const key = peerKey(socket);
    const settle = (cause: string): void => {
      if (!this.#inHandshake.delete(key)) return;
      this.#waiting.leave(waiter);
      this.#causes.count(cause);
    };
    const waiter: Waiter = {
      address,
      evict: (reason) => {
        settle(reason);
        socket.destroy();
      },
    };
    socket.once('close', () => settle('closed-in-handshake'));
    this.#inHandshake.set(key, { waiter, settle });
    this.#waiting.enter(waiter);
    this.#tls.emit('connection', socket);
  }

  #onSecure(socket: TLSSocket): void {
    const key = peerKey(socket);
    const handshake = this.#inHandshake.get(key);
    if (handshake === undefined || socket.destroyed) {
      socket.destroy();
      return;
    }
    this.#inHandshake.delete(key);
    this.#waiting.leave(handshake.waiter);
    const { address } = handshake.waiter;
    const visit = new Visit({
      ...this.#options,
      socket,
      address,
      lingering: this.#lingering,
      readBuffer: this.#readBuffer,
      rejects: this.#rejects,
      departures: this.#departures,
      onSettled: (outcome, cause) => {
        this.#waiting.leave(waiter);
        this.#visits.delete(visit);
        if (outcome === 'over') this.#causes.count(cause);
      },
    });
    const waiter: Waiter = { address, evict: (reason) => visit.end(reason) };
    this.#waiting.enter(waiter);
    this.#visits.add(visit);
    if (this.#isClosing) visit.stop();
  }

  #settleHandshake(socket: TLSSocket, cause: string): void {
    this.#inHandshake.get(peerKey(socket))?.settle(cause);
  }
}

function peerKey(socket: Socket): string {
  return `${socket.remoteAddress} ${socket.remotePort}`;
}
