import type { Clock, Timers } from '#shared/kernel/clock.ts';
import type { Log } from '#shared/kernel/log.ts';
import type { Random } from '#shared/kernel/random.ts';
import { errorCode } from '#shared/wire/error-code.ts';
import { rpcNonceBytes, rpcRandom } from '#shared/wire/rpc-challenge.ts';
import { sha0Bytes } from '#shared/wire/sha0.ts';
import type { AdminApi } from '../control/agent-api.ts';
import { type ForgedTicketLimits, ForgedTickets } from '../control/forged-tickets.ts';
import type { Wire } from '../session/wire.ts';
import { AdminLine, type AdminLineLimits } from './admin-line.ts';
import type { AdminLogin } from './admin-login.ts';

export interface AdminRelayLimits extends AdminLineLimits {
  /** Administrators at a time, over all addresses and from one. */
  readonly linesMax: number;
  readonly linesPerAddressMax: number;
  /** For the control plane's word on a proof. */
  readonly loginMs: number;
  /** A challenge of the control plane is used for so long; it takes it for a minute. */
  readonly challengeMs: number;
  /** Proofs that were wrong, by address: beyond, the control plane is not asked. */
  readonly guesses: ForgedTicketLimits;
}

export interface AdminRelayOptions {
  readonly api: AdminApi;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  readonly log: Log;
  readonly limits: AdminRelayLimits;
}

/** Hello's random of one connection, and what the control plane needs to make it again. */
export interface AdminHello {
  readonly random: Buffer;
  /** Undefined: there was none to make it from, and no administrator can be admitted by it. */
  readonly challenge: { readonly text: string; readonly nonce: Buffer } | undefined;
}

/** Why an administrator was not admitted. */
type RejectReason =
  | 'no-challenge'
  | 'too-many-admins'
  | 'too-many-guesses'
  | 'control-plane-away'
  | 'client-gone'
  | 'refused'; // by the control plane, which logs why

export type AdminOutcome =
  | { readonly kind: 'admit'; readonly begin: (wire: Wire) => AdminLine }
  | { readonly kind: 'reject'; readonly code: number; readonly reason: RejectReason };

/** The administrator at the door. */
export interface AdminVisitor {
  readonly address: string;
  /** Its connection ended while we were asking. */
  readonly isGone: () => boolean;
}

/**
 * Where vpncmd is answered (ADR 0034). The member passes on: the proof, which it cannot check, and
 * then each call. What it has of its own are bounds.
 */
export class AdminRelay {
  readonly #options: AdminRelayOptions;
  readonly #lines = new Set<AdminLine>();
  /** Administrators by address, those included whose proof is being asked about. */
  readonly #places = new Map<string, number>();
  readonly #guesses: ForgedTickets;
  #challenge: { readonly text: string; readonly sinceMs: number } | undefined;
  #taken = 0;

  constructor(options: AdminRelayOptions) {
    this.#options = options;
    this.#guesses = new ForgedTickets(options.limits.guesses);
  }

  /** Administrators connected now. */
  get lines(): number {
    return this.#lines.size;
  }

  /** With each answer to a heartbeat. */
  challenged(text: string | undefined): void {
    if (text === undefined) return;
    this.#challenge = { text, sinceMs: this.#options.clock.monotonicMs() };
  }

  /** For every connection: at Hello nobody knows yet who will be an administrator. */
  hello(): AdminHello {
    const { clock, limits, random } = this.#options;
    const known = this.#challenge;
    if (known === undefined || clock.monotonicMs() - known.sinceMs > limits.challengeMs) {
      return { random: random.bytes(sha0Bytes), challenge: undefined };
    }
    const nonce = random.bytes(rpcNonceBytes);
    return { random: rpcRandom(known.text, nonce), challenge: { text: known.text, nonce } };
  }

  async login(login: AdminLogin, hello: AdminHello, visitor: AdminVisitor): Promise<AdminOutcome> {
    const { address } = visitor;
    const { linesMax, linesPerAddressMax } = this.#options.limits;
    const own = this.#places.get(address) ?? 0;
    if (this.#taken >= linesMax || own >= linesPerAddressMax) return reject('too-many-admins');
    this.#enter(address);
    const outcome = await this.#ask(login, hello, visitor);
    if (outcome.kind === 'reject') this.#leave(address);
    return outcome;
  }

  /** Everybody out, in order. */
  close(): void {
    for (const line of this.#lines) line.end('stopping');
  }

  async #ask(login: AdminLogin, hello: AdminHello, visitor: AdminVisitor): Promise<AdminOutcome> {
    const { api, clock, limits, log } = this.#options;
    const { address } = visitor;
    const { challenge } = hello;
    if (challenge === undefined) return reject('no-challenge');
    if (!this.#guesses.mayAsk(address, clock.monotonicMs())) return reject('too-many-guesses');
    const answer = await api.adminLogin(
      {
        challenge: challenge.text,
        nonce: challenge.nonce.toString('base64'),
        hubName: login.hubName,
        proof: login.proof.toString('base64'),
        clientAddress: address,
      },
      limits.loginMs,
    );
    const isRejected = answer.kind === 'ok' && answer.value.kind === 'rejected';
    if (!isRejected) this.#guesses.forgive(address, clock.monotonicMs());
    if (answer.kind !== 'ok') return reject('control-plane-away');
    if (answer.value.kind === 'rejected') return reject('refused', answer.value.code);
    if (visitor.isGone()) return reject('client-gone');
    const { session } = answer.value;
    log.info('admin.opened', { client: address, program: login.clientStr });
    return { kind: 'admit', begin: (wire) => this.#begin(session, address, wire) };
  }

  #begin(session: string, address: string, wire: Wire): AdminLine {
    const line = new AdminLine({
      ...this.#options,
      session,
      address,
      wire,
      onEnded: (ended) => {
        this.#lines.delete(ended);
        this.#leave(address);
      },
    });
    this.#lines.add(line);
    return line;
  }

  #enter(address: string): void {
    this.#taken += 1;
    this.#places.set(address, (this.#places.get(address) ?? 0) + 1);
  }

  #leave(address: string): void {
    this.#taken -= 1;
    const left = (this.#places.get(address) ?? 1) - 1;
    if (left > 0) this.#places.set(address, left);
    else this.#places.delete(address);
  }
}

function reject(reason: RejectReason, code: number = codeOf(reason)): AdminOutcome {
  return { kind: 'reject', code, reason };
}

function codeOf(reason: RejectReason): number {
  switch (reason) {
    case 'no-challenge':
    case 'control-plane-away':
      return errorCode.controllerConnectFailed;
    case 'too-many-admins':
    case 'too-many-guesses':
      return errorCode.serverCannotAccept;
    case 'client-gone':
    case 'refused':
      return errorCode.accessDenied;
  }
}
