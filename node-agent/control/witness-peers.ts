import type { Peers, WitnessEndpoint } from '#shared/contract/peers.ts';
import { pairKey } from '#shared/witness/pair-key.ts';
import type { UnverifiedMessage } from './witness-message.ts';
import { type PeerContact, WitnessPeer } from './witness-peer.ts';

export interface WitnessPeersLimits {
  /** Peers that made themselves known before the control plane told of them. */
  readonly learnedMax: number;
  /** They are kept this long though no list has them: lists may be a little old. */
  readonly learnedKeptMs: number;
}

/** Whom a member knows, from the control plane's lists and from what others said themselves. */
export class WitnessPeers {
  readonly #limits: WitnessPeersLimits;
  #peers = new Map<string, WitnessPeer>();
  /** The last list; undefined before there was one. */
  #list: Pick<Peers, 'version' | 'complete'> | undefined;
  #ownKey: Buffer | undefined;
  /** More peers made themselves known than could be kept: until then nobody is a witness. */
  #overflowUntilMs = Number.NEGATIVE_INFINITY;

  constructor(limits: WitnessPeersLimits) {
    this.#limits = limits;
  }

  /** Version of the last list; undefined before there was one. */
  get version(): string | undefined {
    return this.#list?.version;
  }

  get size(): number {
    return this.#peers.size;
  }

  all(): IterableIterator<WitnessPeer> {
    return this.#peers.values();
  }

  get(memberId: string): WitnessPeer | undefined {
    return this.#peers.get(memberId);
  }

  /** Nobody who could be given hubs is missing. */
  isComplete(nowMs: number): boolean {
    return this.#list?.complete === true && nowMs >= this.#overflowUntilMs;
  }

  /** The control plane's list, newer than the last one. */
  learn(peers: Peers, nowMs: number): void {
    this.#ownKey = Buffer.from(peers.key, 'base64');
    const before = this.#peers;
    this.#peers = new Map();
    for (const { memberId, address, port, key, asked } of peers.list) {
      const contact: PeerContact = {
        memberId,
        endpoint: { address, port },
        key: Buffer.from(key, 'base64'),
        keyOf: 'answerer',
      };
      const peer = before.get(memberId) ?? new WitnessPeer(contact, asked, nowMs);
      peer.contact = contact;
      peer.isAsked = asked || this.#toldLately(peer, nowMs);
      this.#peers.set(memberId, peer);
    }
    for (const [memberId, peer] of before) {
      if (this.#peers.has(memberId) || !this.#toldLately(peer, nowMs)) continue;
      this.#peers.set(memberId, peer);
    }
    this.#list = { version: peers.version, complete: peers.complete };
  }

  /** Under what a question is to be, and its answer; undefined for one nobody can have asked. */
  keyToAnswer({ keyOf, from }: UnverifiedMessage): Buffer | undefined {
    // Who asks under a key of its own has learned of us by itself, and is listed here.
    if (keyOf === 'asker') {
      const contact = this.#peers.get(from)?.contact;
      return contact?.keyOf === 'answerer' ? contact.key : undefined;
    }
    return this.#ownKey && pairKey(this.#ownKey, from);
  }

  /** A member that the list does not have, under a key that the control plane gave it. */
  meet(memberId: string, endpoint: WitnessEndpoint, nowMs: number): WitnessPeer | undefined {
    const learned = [...this.#peers.values()].filter(({ contact }) => contact.keyOf === 'asker');
    if (learned.length >= this.#limits.learnedMax || this.#ownKey === undefined) {
      this.#overflowUntilMs = nowMs + this.#limits.learnedKeptMs;
      return undefined;
    }
    const key = pairKey(this.#ownKey, memberId);
    const peer = new WitnessPeer({ memberId, endpoint, key, keyOf: 'asker' }, false, nowMs);
    this.#peers.set(memberId, peer);
    return peer;
  }

  /** A list may be a little older than what a peer said itself. */
  #toldLately(peer: WitnessPeer, nowMs: number): boolean {
    return peer.toldMs + this.#limits.learnedKeptMs > nowMs;
  }
}
