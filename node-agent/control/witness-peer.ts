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

/** Its lease was last renewed at `renewedMs` at the latest; so it said after `askedMs`. */
interface Word {
  readonly renewedMs: number;
  readonly askedMs: number;
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
  /** What it said last. */
  #word: Word | undefined;
  /** What it said last that could be relied upon then. */
  #goodWord: Word | undefined;
  /** What was asked before this moment says nothing any more. */
  #forgottenMs = Number.NEGATIVE_INFINITY;

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

  /** Its answer; `limitMs` is what can be relied upon now, see {@link witnessesUntilMs}. */
  answered(nonce: Buffer, renewedMs: number, limitMs: number): void {
    const key = nonce.toString('latin1');
    const askedMs = this.#pending.get(key);
    if (askedMs === undefined) return; // nothing that was asked, or asked long ago
    this.#pending.delete(key);
    this.ackedMs = Math.max(this.ackedMs, askedMs);
    const word = { renewedMs, askedMs };
    if (askedMs < this.#forgottenMs) return;
    if (askedMs > (this.#word?.askedMs ?? Number.NEGATIVE_INFINITY)) this.#word = word;
    const isNewer = askedMs > (this.#goodWord?.askedMs ?? Number.NEGATIVE_INFINITY);
    if (renewedMs <= limitMs && isNewer) this.#goodWord = word;
  }

  /** It says by itself that it has a lease, or had one. */
  told(nowMs: number): void {
    this.toldMs = nowMs;
    this.isAsked = true;
  }

  /** Nothing it has said so far is relied upon any more, nor answers under way. */
  forget(nowMs: number): void {
    this.#forgottenMs = nowMs;
    this.#word = undefined;
    this.#goodWord = undefined;
  }

  /** Until when its word, that its lease was not renewed after `limitMs`, counts. */
  witnessesUntilMs(limitMs: number, validMs: number): number {
    const word = this.#goodWord;
    if (word === undefined || word.renewedMs > limitMs) return Number.NEGATIVE_INFINITY;
    return word.askedMs + validMs;
  }

  /** It was renewed later than that, as far as it said. */
  wasRenewedAfter(limitMs: number): boolean {
    return this.#word !== undefined && this.#word.renewedMs > limitMs;
  }
}
