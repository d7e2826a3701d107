import type { WitnessEndpoint } from '#shared/contract/peers.ts';

/** Questions that may still be answered; more are sent only to those who never answer. */
const pendingMax = 16;

/** Who a peer is and how it is spoken to. */
export interface PeerContact {
  readonly memberId: string;
  readonly endpoint: WitnessEndpoint;
  /** Of this pair, and whose member key it is made from. */
  readonly key: Buffer;
  readonly keyOf: 'asker' | 'answerer';
}

/** What one member knows of another: contact, open questions, and the last word. */
export class WitnessPeer {
  contact: PeerContact;
  /** It can be given hubs and must be asked: the list says so, or it told of a lease since. */
  isAsked: boolean;
  /** When it was heard of first. */
  readonly knownMs: number;
  /** When it last said by itself that it has a lease. */
  toldMs = Number.NEGATIVE_INFINITY;
  /** When the latest question that it answered was sent. */
  ackedMs = Number.NEGATIVE_INFINITY;
  lastAskedMs = Number.NEGATIVE_INFINITY;

  /** Open questions by nonce: when they were sent. */
  readonly #pending = new Map<string, number>();
  /** Its lease was last renewed at `renewedMs` at the latest; so it said after `askedMs`. */
  #statement: { readonly renewedMs: number; readonly askedMs: number } | undefined;
  /** What was asked before this moment says nothing any more. */
  #voidedMs = Number.NEGATIVE_INFINITY;

  constructor(contact: PeerContact, isAsked: boolean, knownMs: number) {
    this.contact = contact;
    this.isAsked = isAsked;
    this.knownMs = knownMs;
  }

  asking(nonce: Buffer, nowMs: number): void {
    if (this.#pending.size >= pendingMax) {
      const [oldest] = this.#pending.keys();
      if (oldest !== undefined) this.#pending.delete(oldest);
    }
    this.#pending.set(nonce.toString('latin1'), nowMs);
    this.lastAskedMs = nowMs;
  }

  /** False for an answer to nothing that was asked. */
  answered(nonce: Buffer, renewedAgoMs: number, nowMs: number): boolean {
    const key = nonce.toString('latin1');
    const askedMs = this.#pending.get(key);
    if (askedMs === undefined) return false;
    this.#pending.delete(key);
    this.ackedMs = Math.max(this.ackedMs, askedMs);
    const isNewer = askedMs > (this.#statement?.askedMs ?? Number.NEGATIVE_INFINITY);
    if (askedMs >= this.#voidedMs && isNewer) {
      this.#statement = { renewedMs: nowMs - renewedAgoMs, askedMs };
    }
    return true;
  }

  /**
   * It says by itself that its lease was renewed at `renewedMs` or before. Whoever relied on an
   * earlier word that it was not renewed after `limitMs` must ask again. True if somebody must.
   */
  told(renewedMs: number, limitMs: number, nowMs: number): boolean {
    this.toldMs = nowMs;
    this.isAsked = true;
    if (renewedMs <= limitMs) return false;
    this.#voidedMs = nowMs;
    this.#statement = undefined;
    return true;
  }

  /** Until when its word, that its lease was not renewed after `limitMs`, counts. */
  witnessesUntilMs(limitMs: number, validMs: number): number {
    if (this.#statement === undefined || this.#statement.renewedMs > limitMs) {
      return Number.NEGATIVE_INFINITY;
    }
    return this.#statement.askedMs + validMs;
  }

  /** For the log. */
  verdict(limitMs: number): 'unreachable' | 'renewed' {
    return this.#statement !== undefined && this.#statement.renewedMs > limitMs
      ? 'renewed'
      : 'unreachable';
  }
}
