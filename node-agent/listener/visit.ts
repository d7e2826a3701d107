import type { TLSSocket } from 'node:tls';
import { assert } from '#shared/kernel/assert.ts';
import type { Cancel, Timers } from '#shared/kernel/clock.ts';
import type { Log } from '#shared/kernel/log.ts';
import type { Random } from '#shared/kernel/random.ts';
import {
  decodeAdditionalConnect,
  encodeAdditionalConnectAnswer,
} from '#shared/wire/additional-connect.ts';
import { encodeErrorAnswer, encodeNoopAnswer } from '#shared/wire/error-answer.ts';
import { errorCode } from '#shared/wire/error-code.ts';
import { encodeHello } from '#shared/wire/hello.ts';
import { connectTarget, requestsBeforeLoginMax, vpnTarget } from '#shared/wire/http.ts';
import { decodeLogin, type Login } from '#shared/wire/login.ts';
import { readMethod } from '#shared/wire/method.ts';
import { decodePack, loginPackLimits, Pack } from '#shared/wire/pack.ts';
import { encodeWelcome, type Welcome } from '#shared/wire/welcome.ts';
import { WireError } from '#shared/wire/wire-error.ts';
import { decodeAdminLogin } from '../admin/admin-login.ts';
import type { AdminHello, AdminOutcome, AdminRelay } from '../admin/admin-relay.ts';
import type { Connection } from '../session/connection.ts';
import type { Session } from '../session/session.ts';
import type { Lingering } from './lingering.ts';
import type { Pace } from './pace.ts';
import type { ReadBuffer } from './read-buffer.ts';
import type { RejectLog } from './reject-log.ts';
import { type HttpRequest, RequestParser } from './request-parser.ts';
import { packResponse, padding, pageResponse } from './response.ts';
import { SocketWire } from './socket-wire.ts';

/** What this member calls itself in Hello. */
const product = { hello: 'etherfleet member', version: 502, build: 5187 } as const;

/** Only this version is damaged by unclean closes, and cured by renegotiation (protocol/04 §4). */
const damagedClientVer = 501;

export type LoginOutcome =
  | { readonly kind: 'admit'; readonly session: Session; readonly welcome: Welcome }
  | {
      readonly kind: 'reject';
      readonly code: number;
      readonly reason: string;
      readonly detail?: string;
    };

/** What the listener asks of those who know who may enter. */
export interface Door {
  login(login: Login, visitor: { address: string; isGone: () => boolean }): Promise<LoginOutcome>;
  /** The session whose key this is. */
  session(key: Buffer): Session | undefined;
  /** Who passes on what administrators say; without it they are not served. */
  readonly admin?: Pick<AdminRelay, 'hello' | 'login'>;
}

export interface VisitLimits {
  readonly requestMs: number;
  readonly negotiationMs: number;
  readonly cureMs: number;
}

export interface VisitOptions {
  readonly socket: TLSSocket;
  readonly address: string;
  readonly door: Door;
  readonly timers: Timers;
  readonly random: Random;
  readonly log: Log;
  readonly rejects: RejectLog;
  readonly limits: VisitLimits;
  readonly lingering: Lingering;
  readonly readBuffer: ReadBuffer;
  readonly departures: Pace;
  /** It has become a connection of a session, or is over: called once. */
  readonly onSettled: (outcome: 'session' | 'over', cause: string) => void;
}

type Stage = 'talking' | 'asking' | 'session' | 'over';

/** One TLS connection from its handshake to its session: the requests of protocol/02. */
export class Visit {
  // Fixed at construction.
  readonly #options: VisitOptions;
  readonly #socket: TLSSocket;
  readonly #parser = new RequestParser();

  #stage: Stage = 'talking';
  #requests = 0;
  #hello: AdminHello | undefined;
  #cancelRequest: Cancel | undefined;
  #cancelNegotiation: Cancel | undefined;
  #cancelCure: Cancel | undefined;
  #connection: Pick<Connection, 'received' | 'drained' | 'closed'> | undefined;

  constructor(options: VisitOptions) {
    this.#options = options;
    this.#socket = options.socket;
    this.#socket.on('data', (chunk: Buffer) => this.#onData(chunk));
    this.#socket.on('drain', () => this.#connection?.drained());
    // Ending our side costs a tenth of a millisecond: by itself it would be done at once for all.
    this.#socket.allowHalfOpen = true;
    this.#socket.on('end', () => options.departures.add(() => this.#onGone('peer-closed')));
    this.#socket.on('error', (error: NodeJS.ErrnoException) => {
      this.#onGone(error.code ?? error.name);
    });
    this.#socket.on('close', () => this.#onGone('peer-closed'));
    this.#cancelNegotiation = options.timers.after(options.limits.negotiationMs, () => {
      this.end('negotiation-deadline');
    });
    this.#awaitRequest();
  }

  /** Send this visitor away; a connection of a session is left to its session. */
  end(cause: string): void {
    if (this.#stage === 'session' || this.#stage === 'over') return;
    this.#settle('over', cause);
    this.#options.lingering.end(this.#socket);
  }

  /** The member ends: who waits for an answer is given one, with which it asks elsewhere. */
  stop(): void {
    if (this.#stage === 'asking') this.#reject(errorCode.accessDenied, 'stopping');
    else this.end('stopping');
  }

  #onData(chunk: Buffer): void {
    if (this.#connection !== undefined) {
      this.#connection.received(chunk);
    } else if (this.#stage === 'talking') {
      this.#guard(() => this.#onRequest(this.#parser.push(chunk)));
    } else if (this.#stage === 'asking') {
      // The socket is paused; what it had already read is kept, up to one request's size.
      this.#guard(() => assertNone(this.#parser.push(chunk)));
    }
  }

  /** A peer's mistake ends its visit and nothing else; ours go on up. */
  #guard(action: () => void): void {
    try {
      action();
    } catch (error) {
      if (!(error instanceof WireError)) throw error;
      this.end(error.code);
    }
  }

  #onRequest(first: HttpRequest | undefined): void {
    let request = first;
    while (request !== undefined) {
      this.#cancelRequest?.();
      this.#requests += 1;
      if (this.#requests > requestsBeforeLoginMax) this.end('too-many-requests');
      else this.#answer(request);
      if (this.#stage !== 'talking') return;
      this.#awaitRequest();
      request = this.#parser.next();
    }
  }

  #awaitRequest(): void {
    const { timers, limits } = this.#options;
    this.#cancelRequest?.();
    this.#cancelRequest = timers.after(limits.requestMs, () => this.end('request-deadline'));
  }

  #answer(request: HttpRequest): void {
    if (request.method === 'POST' && request.target === connectTarget) {
      const { door, random } = this.#options;
      this.#hello = door.admin?.hello() ?? { random: random.bytes(20), challenge: undefined };
      this.#sendPack(encodeHello({ ...product, random: this.#hello.random }, this.#pad()));
    } else if (request.method === 'POST' && request.target === vpnTarget) {
      this.#answerPack(decodePack(request.body, loginPackLimits));
    } else {
      this.#socket.write(pageResponse(request.method === 'GET' ? 403 : 404));
    }
  }

  #answerPack(pack: Pack): void {
    if (this.#hello === undefined) {
      this.end('no-hello');
      return;
    }
    switch (readMethod(pack)) {
      case 'login':
        this.#login(decodeLogin(pack));
        return;
      case 'additional_connect':
        this.#joinSession(decodeAdditionalConnect(pack).sessionKey);
        return;
      case 'noop':
        this.#sendPack(encodeNoopAnswer(this.#pad()));
        return;
      case 'empty': // the acknowledgement of an error answer; clients close after it
        this.end('peer-acknowledged');
        return;
      case 'admin':
        this.#administer(pack, this.#hello);
        return;
      case 'farm_connect':
      case 'enum_hub':
      case 'password':
      case 'unknown':
        this.#reject(errorCode.notSupported, 'method-not-served');
        return;
    }
  }

  #login(login: Login): void {
    this.#stage = 'asking';
    this.#socket.pause();
    const visitor = { address: this.#options.address, isGone: () => this.#stage !== 'asking' };
    void this.#options.door.login(login, visitor).then((outcome) => {
      this.#guard(() => this.#onLoginDecided(login, outcome));
    });
  }

  #onLoginDecided(login: Login, outcome: LoginOutcome): void {
    if (outcome.kind === 'reject') {
      this.#logReject(login, outcome);
      if (this.#stage === 'asking') this.#reject(outcome.code, outcome.reason);
    } else if (this.#stage !== 'asking') {
      outcome.session.close('client-gone');
    } else if (!outcome.session.hasRoom) {
      this.#reject(errorCode.sessionTimeout, 'session-closed');
    } else {
      this.#sendPack(encodeWelcome(outcome.welcome, this.#pad()));
      const wire = new SocketWire(this.#socket, this.#options.lingering);
      if (login.clientVer === damagedClientVer) this.#cure(wire);
      else this.#socket.disableRenegotiation();
      this.#enter(outcome.session, wire);
    }
  }

  #administer(pack: Pack, hello: AdminHello): void {
    const { address, door } = this.#options;
    if (door.admin === undefined) {
      this.#reject(errorCode.notSupported, 'method-not-served');
      return;
    }
    const login = decodeAdminLogin(pack);
    this.#stage = 'asking';
    this.#socket.pause();
    const visitor = { address, isGone: () => this.#stage !== 'asking' };
    void door.admin.login(login, hello, visitor).then((outcome) => this.#onAdmin(outcome));
  }

  /** From the answer on the socket carries calls, without HTTP (protocol/07 §1). */
  #onAdmin(outcome: AdminOutcome): void {
    if (outcome.kind === 'reject') {
      const { address: client, rejects } = this.#options;
      rejects.warn('admin.rejected', outcome.reason, { code: outcome.code, client });
      if (this.#stage === 'asking') this.#reject(outcome.code, `admin-${outcome.reason}`);
      return;
    }
    this.#socket.disableRenegotiation();
    this.#sendPack(new Pack().setPadding(this.#pad()));
    const line = outcome.begin(new SocketWire(this.#socket, this.#options.lingering));
    this.#connection = line;
    this.#settle('session', 'joined');
    const rest = this.#parser.takeRest();
    if (rest.length > 0) line.received(rest);
    this.#socket.resume();
  }

  #logReject(login: Login, outcome: LoginOutcome & { kind: 'reject' }): void {
    this.#options.rejects.warn('login.rejected', outcome.reason, {
      detail: outcome.detail,
      code: outcome.code,
      hub: login.hubName,
      user: login.userName,
      client: this.#options.address,
      clientVersion: `${login.clientVer}.${login.clientBuild}`,
    });
  }

  /** protocol/02 §10. Error 13 tells the client that its session is over. */
  #joinSession(key: Buffer): void {
    const session = this.#options.door.session(key);
    if (session === undefined) {
      this.#reject(errorCode.sessionTimeout, 'unknown-session');
    } else if (!session.hasRoom) {
      this.#reject(errorCode.tooManyConnections, 'too-many-connections');
    } else {
      const answer = { direction: session.nextDirection };
      this.#sendPack(encodeAdditionalConnectAnswer(answer, this.#pad()));
      this.#enter(session, new SocketWire(this.#socket, this.#options.lingering));
      this.#socket.disableRenegotiation();
    }
  }

  /** From here on the socket is the session's: its first bytes may already be here. */
  #enter(session: Session, wire: SocketWire): void {
    const joined = session.join(wire);
    assert(joined.kind === 'joined', 'a session that had room takes the connection');
    const { connection } = joined;
    this.#connection = connection;
    this.#options.readBuffer.serve(this.#socket, (bytes) => connection.received(bytes));
    this.#settle('session', 'joined');
    const rest = this.#parser.takeRest();
    if (rest.length > 0) joined.connection.received(rest);
    this.#socket.resume();
  }

  /**
   * A 5.01 client that met an unclean close keeps closing its sockets until a TLS handshake message
   * reaches its session's thread: a TLS 1.2 renegotiation right after Welcome is one. No other
   * version may be asked, 4.39 and newer refuse and lose the connection.
   *
   * Nothing is sent meanwhile: a frame that comes between our request and our part of the handshake
   * is a fatal error to a client that is about to write, and damages it for the whole session.
   */
  #cure(wire: SocketWire): void {
    const { timers, limits, log, address } = this.#options;
    const goOn = () => {
      this.#cancelCure?.();
      wire.release();
      this.#connection?.drained();
    };
    wire.hold();
    this.#cancelCure = timers.after(limits.cureMs, goOn);
    const accepted = this.#socket.renegotiate(
      { requestCert: false, rejectUnauthorized: false },
      () => {
        this.#socket.disableRenegotiation();
        goOn();
      },
    );
    if (accepted !== false) return;
    log.warn('cure.impossible', { client: address });
    goOn();
  }

  #reject(code: number, cause: string): void {
    this.#sendPack(encodeErrorAnswer(code, this.#pad()));
    this.end(cause);
  }

  #sendPack(pack: Pack): void {
    this.#socket.write(packResponse(pack));
  }

  #pad(): Buffer {
    return padding(this.#options.random);
  }

  #onGone(cause: string): void {
    this.#cancelCure?.();
    this.#connection?.closed();
    if (this.#stage === 'session') return;
    this.end(cause);
  }

  #settle(outcome: 'session' | 'over', cause: string): void {
    this.#cancelRequest?.();
    this.#cancelNegotiation?.();
    this.#stage = outcome;
    this.#options.onSettled(outcome, cause);
  }
}

/** A client waits for the answer to its login before it sends anything else. */
function assertNone(request: HttpRequest | undefined): void {
  if (request !== undefined) throw new WireError('http-malformed', 'a request before the answer');
}
