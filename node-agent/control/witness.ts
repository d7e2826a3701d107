import type { JoinResponse } from '#shared/contract/member.ts';
import type { Peers, WitnessEndpoint } from '#shared/contract/peers.ts';
import { assert } from '#shared/kernel/assert.ts';
import type { Cancel, Clock, Timers } from '#shared/kernel/clock.ts';
import type { Log } from '#shared/kernel/log.ts';
import type { Random } from '#shared/kernel/random.ts';
import { Attendance } from './attendance.ts';
import type { ExclusiveRight } from './exclusive-right.ts';
import { Lease } from './lease.ts';
import {
  decodeWitnessMessage,
  encodeWitnessMessage,
  nonceBytes,
  type UnverifiedMessage,
} from './witness-message.ts';
import type { WitnessPeer } from './witness-peer.ts';
import { WitnessPeers, type WitnessPeersLimits } from './witness-peers.ts';
import { type WitnessTiming, witnessTiming } from './witness-timing.ts';

export interface WitnessLimits extends WitnessPeersLimits {
  /** Datagrams looked at in one period of questions; the rest are dropped. */
  readonly datagramsMax: number;
  /** A heartbeat is hurried for at most this often. */
  readonly hurryMs: number;
}

export interface WitnessOptions {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  readonly log: Log;
  readonly limits: WitnessLimits;
  readonly right: ExclusiveRight;
  /** A datagram; it may be lost, come twice or late. */
  readonly send: (bytes: Buffer, to: WitnessEndpoint) => void;
  /** A peer was renewed and we were not: a heartbeat may get through now. */
  readonly onPeerRenewed: () => void;
}

/** Who this member is since it joined. */
interface Identity {
  readonly memberId: string;
  readonly epoch: number;
  readonly timing: WitnessTiming;
}

const never = Number.NEGATIVE_INFINITY;
const always = Number.POSITIVE_INFINITY;

/**
 * Decides whether this member may serve dynamic hubs (I1, I2, I10; ADR 0003 proves it): while its
 * lease is held, and beyond it while every peer says that its own lease was not renewed much later
 * either, for then the control plane is away and nobody can be given anything. In return it starts
 * a hub instance only when its lease is freshly renewed and every peer was told so, or has had the
 * time to notice.
 */
export class Witness {
  /** What the control plane has acknowledged; its owner tells it, this one listens. */
  readonly lease: Lease;
  readonly #options: WitnessOptions;
  readonly #startedMs: number;

  #identity: Identity | undefined;
  readonly #peers: WitnessPeers;
  /** Since when the lease has been renewed without a gap, as far as this member heard. */
  #freshSinceMs = never;
  #freshUntilMs = never;
  #lostAtMs = never;
  #servedUntilMs = never;
  readonly #attendance = new Attendance();
  #state: 'lease' | 'witnessed' | 'fenced' = 'fenced';

  #cancelRound: Cancel | undefined;
  #roundAtMs = always;
  #stopped = false;
  #hurriedMs = never;
  #windowMs = never;
  #datagrams = 0;

  constructor(options: WitnessOptions) {
    this.#options = options;
    this.#startedMs = options.clock.monotonicMs();
    this.#peers = new WitnessPeers(options.limits);
    this.lease = new Lease(() => this.#onLease());
  }

  /** Version of the list of peers, for the next heartbeat. */
  get version(): string | undefined {
    return this.#peers.version;
  }

  /**
   * Whether a member is among those that were heard of; for checks of the exception in ADR 0003.
   */
  knows(memberId: string): boolean {
    return this.#peers.get(memberId)?.isAsked ?? false;
  }

  /** A new epoch begins; it has no lease yet. */
  joined({ memberId, epoch, timing }: JoinResponse): void {
    this.#identity = { memberId, epoch, timing: witnessTiming(timing) };
    this.#publish();
  }

  /** The control plane's list of peers, newer than the last one. */
  learn(peers: Peers): void {
    const nowMs = this.#nowMs();
    this.#peers.learn(peers, nowMs);
    this.#publish();
    this.#schedule(nowMs);
  }

  /** A datagram from anybody. */
  received(bytes: Buffer, from: WitnessEndpoint): void {
    const identity = this.#identity;
    if (identity === undefined || this.#stopped || this.#isFlooded(identity)) return;
    const message = decodeWitnessMessage(bytes);
    if (message === undefined || message.to !== identity.memberId) return;
    if (message.from === identity.memberId) return;
    if (message.kind === 'question') this.#onQuestion(message, from);
    else this.#onAnswer(message);
    this.#publish();
  }

  stop(): void {
    this.#stopped = true;
    this.#cancelRound?.();
  }

  #nowMs(): number {
    return this.#options.clock.monotonicMs();
  }

  #isFlooded({ timing }: Identity): boolean {
    const nowMs = this.#nowMs();
    if (nowMs - this.#windowMs >= timing.askEveryMs) {
      this.#windowMs = nowMs;
      this.#datagrams = 0;
    }
    this.#datagrams += 1;
    return this.#datagrams > this.#options.limits.datagramsMax;
  }

  /** A heartbeat was acknowledged, or the epoch is over. */
  #onLease(): void {
    const nowMs = this.#nowMs();
    const { timing } = this.#identity ?? {};
    assert(timing !== undefined, 'a lease belongs to an epoch');
    if (this.lease.heldUntilMs > never) {
      if (nowMs >= this.#freshUntilMs) this.#freshSinceMs = nowMs;
      this.#freshUntilMs = this.lease.renewedMs + timing.freshMs;
    } else {
      this.#freshUntilMs = never;
    }
    this.#publish();
    this.#schedule(nowMs);
  }

  /**
   * Answered at once, but for one case: a peer whose lease was renewed, while we serve on its word
   * that it was not. It must not count on us having heard before that word has run out; it may hear
   * sooner from us if ours is renewed too.
   */
  #onQuestion(message: UnverifiedMessage, from: WitnessEndpoint): void {
    const key = this.#peers.keyToAnswer(message);
    if (key === undefined || !message.isUnder(key)) return;
    const nowMs = this.#nowMs();
    const peer = this.#peers.get(message.from) ?? this.#peers.meet(message.from, from, nowMs);
    const wasAsked = peer?.isAsked ?? false;
    peer?.told(nowMs);
    if (peer !== undefined && nowMs - message.renewedAgoMs > this.#limitMs) {
      this.#hurry(nowMs);
      if (wasAsked && this.#relies(peer, nowMs)) return;
      peer.forget(nowMs);
    }
    this.#send({ ...message, kind: 'answer' }, key, from);
  }

  /** Served at this moment on the word of this peer. */
  #relies(peer: WitnessPeer, nowMs: number): boolean {
    const { timing } = this.#identity ?? {};
    if (timing === undefined || this.lease.held(nowMs)) return false;
    return peer.witnessesUntilMs(this.#limitMs, timing.validMs) > nowMs;
  }

  /** The control plane is there for somebody: it may be for us. */
  #hurry(nowMs: number): void {
    if (this.lease.held(nowMs) || nowMs < this.#hurriedMs + this.#options.limits.hurryMs) return;
    this.#hurriedMs = nowMs;
    this.#options.onPeerRenewed();
  }

  #onAnswer(message: UnverifiedMessage): void {
    const peer = this.#peers.get(message.from);
    if (peer === undefined || !message.isUnder(peer.contact.key)) return;
    const nowMs = this.#nowMs();
    peer.answered(message.nonce, nowMs - message.renewedAgoMs, this.#limitMs);
    if (peer.wasRenewedAfter(this.#limitMs)) this.#hurry(nowMs);
  }

  /** In an outage of the control plane nobody was renewed later than this. */
  get #limitMs(): number {
    const { timing } = this.#identity ?? {};
    return timing === undefined ? never : this.lease.renewedMs + timing.skewMs;
  }

  /** Whether there is a lease that could run out, and somebody or nobody to ask. */
  get #mayWitness(): boolean {
    return this.#peers.isComplete(this.#nowMs()) && this.lease.heldUntilMs > never;
  }

  #witnessedUntilMs(): number {
    const { timing } = this.#identity ?? {};
    if (timing === undefined || !this.#mayWitness) return never;
    let untilMs = this.#attendance.untilMs(this.#nowMs(), timing);
    for (const peer of this.#peers.all()) {
      if (!peer.isAsked) continue;
      untilMs = Math.min(untilMs, peer.witnessesUntilMs(this.#limitMs, timing.validMs));
    }
    return untilMs;
  }

  /** From when on nobody relies any more on what this member said before its lease was fresh. */
  #openFromMs(): number {
    const { timing } = this.#identity ?? {};
    if (timing === undefined) return always;
    let fromMs = never;
    for (const peer of this.#peers.all()) {
      if (peer.ackedMs >= this.#freshSinceMs) continue;
      const sinceMs = Math.max(this.#freshSinceMs, peer.knownMs);
      fromMs = Math.max(fromMs, sinceMs + timing.settleMs);
    }
    return fromMs;
  }

  #publish(): void {
    const nowMs = this.#nowMs();
    const witnessedUntilMs = this.#witnessedUntilMs();
    const heldUntilMs = Math.max(this.lease.heldUntilMs, witnessedUntilMs);
    if (heldUntilMs < nowMs && this.#servedUntilMs > this.#lostAtMs) {
      this.#lostAtMs = Math.min(nowMs, this.#servedUntilMs);
    }
    this.#servedUntilMs = heldUntilMs;
    this.#options.right.publish(
      {
        heldUntilMs,
        openFromMs: this.version === undefined ? never : this.#openFromMs(),
        openUntilMs: this.version === undefined ? this.lease.heldUntilMs : this.#freshUntilMs,
        lostAtMs: this.#lostAtMs,
      },
      this.#identity?.epoch ?? 0,
    );
    this.#logChange(nowMs, witnessedUntilMs);
  }

  #logChange(nowMs: number, witnessedUntilMs: number): void {
    const fenced = nowMs < witnessedUntilMs ? 'witnessed' : 'fenced';
    const state = this.lease.held(nowMs) ? 'lease' : fenced;
    if (state === this.#state) return;
    this.#state = state;
    const { log } = this.#options;
    if (state === 'lease') log.info('witness.lease');
    else if (state === 'witnessed') log.warn('witness.serving', { peers: this.#peers.size });
    else log.warn('witness.fenced', this.#whyFenced(nowMs));
  }

  #whyFenced(nowMs: number): Record<string, unknown> {
    const { timing } = this.#identity ?? {};
    if (this.lease.heldUntilMs === never || timing === undefined) return { cause: 'no-epoch' };
    if (this.#attendance.isListening(nowMs)) return { cause: 'was-stopped' };
    if (!this.#mayWitness) return { cause: 'peers-unknown' };
    const against = [...this.#peers.all()].filter(
      (peer) => peer.isAsked && peer.witnessesUntilMs(this.#limitMs, timing.validMs) <= nowMs,
    );
    return {
      cause: 'peers',
      peers: against.slice(0, 10).map(({ contact }) => contact.memberId),
      verdict: against[0]?.wasRenewedAfter(this.#limitMs) ? 'renewed' : 'unreachable',
    };
  }

  #schedule(atMs: number): void {
    if (this.#stopped || atMs >= this.#roundAtMs) return;
    this.#cancelRound?.();
    this.#roundAtMs = atMs;
    const delayMs = Math.max(0, atMs - this.#nowMs());
    this.#cancelRound = this.#options.timers.after(delayMs, () => {
      this.#roundAtMs = always;
      this.#round(atMs);
    });
  }

  /** Ask whom there is a reason to ask, and come back when there may be another. */
  #round(dueMs: number): void {
    const { timing } = this.#identity ?? {};
    if (timing === undefined) return;
    const nowMs = this.#nowMs();
    this.#attendance.look(nowMs, dueMs, timing);
    const isAway = this.#mayWitness && nowMs >= this.lease.heldUntilMs - timing.askAheadMs;
    let nextMs = this.#mayWitness
      ? Math.max(this.lease.heldUntilMs - timing.askAheadMs, nowMs + timing.askEveryMs)
      : always;
    for (const peer of this.#peers.all()) {
      const dueMs = this.#dueMs(peer, timing, isAway, nowMs);
      if (dueMs <= nowMs) this.#ask(peer, nowMs);
      nextMs = Math.min(nextMs, Math.max(dueMs, nowMs + timing.askEveryMs));
    }
    this.#publish();
    if (nextMs < always) this.#schedule(nextMs);
  }

  /** When this peer is to be asked next, or told: a question tells as much as it asks. */
  #dueMs(peer: WitnessPeer, timing: WitnessTiming, isAway: boolean, nowMs: number): number {
    if (isAway && peer.isAsked) return peer.lastAskedMs + timing.askEveryMs;
    if (this.#freshSinceMs === never || peer.ackedMs >= this.#freshSinceMs) return always;
    const sinceMs = Math.max(this.#freshSinceMs, peer.knownMs);
    const everyMs = nowMs < sinceMs + timing.settleMs ? timing.askEveryMs : timing.retellEveryMs;
    return peer.lastAskedMs < sinceMs ? nowMs : peer.lastAskedMs + everyMs;
  }

  #ask(peer: WitnessPeer, nowMs: number): void {
    const { memberId } = this.#identity ?? {};
    if (memberId === undefined) return;
    const nonce = this.#options.random.bytes(nonceBytes);
    const { contact } = peer;
    peer.asking(nonce, nowMs);
    const { keyOf, memberId: to, endpoint } = contact;
    this.#send({ kind: 'question', keyOf, nonce, from: to, to: memberId }, contact.key, endpoint);
  }

  /** With sender and receiver of `message` exchanged, and what this member has to say. */
  #send(
    message: Omit<UnverifiedMessage, 'isUnder' | 'renewedAgoMs'>,
    key: Buffer,
    endpoint: WitnessEndpoint,
  ): void {
    const { kind, keyOf, nonce, from, to } = message;
    // What an earlier process of this member heard is not known: perhaps a renewal just now.
    const renewedMs = Math.max(this.lease.renewedMs, this.#startedMs);
    const renewedAgoMs = this.#nowMs() - renewedMs;
    const reply = { kind, keyOf, nonce, renewedAgoMs, from: to, to: from };
    this.#options.send(encodeWitnessMessage(reply, key), endpoint);
  }
}
