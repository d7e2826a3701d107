import type { Socket } from 'node:net';
import type { Clock, Timers } from '#shared/kernel/clock.ts';

export interface ArrivalsLimits {
  /** Sockets whose handshake has not begun, over all addresses and from one. */
  readonly arrivalsMax: number;
  readonly arrivalsPerAddressMax: number;
  /** Handshakes that begin in one turn of the event loop; one, if the last took too long. */
  readonly beginsPerTurn: number;
  readonly turnMsMax: number;
  /** When nobody may begin, it is looked again after this long. */
  readonly lookAgainMs: number;
}

export interface ArrivalsOptions {
  readonly limits: ArrivalsLimits;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly atEndOfTurn: (action: () => void) => void;
  /** Whether one more from this address may begin now. */
  readonly mayBegin: (address: string) => boolean;
  readonly begin: (socket: Socket, address: string) => void;
  readonly onTurnedAway: (cause: 'too-many-arrivals') => void;
}

/** Addresses looked at in one turn, of those that wait, and for one who finds no room. */
const looksMax = 64;

interface Queue {
  readonly address: string;
  readonly queue: Set<Socket>;
}

/**
 * Sockets that were accepted and nothing else: they are not read, and cost next to nothing. Their
 * handshakes, a millisecond of computing each, begin a few per turn, address by address: when a
 * thousand clients come back at once, frames of the sessions that stand are forwarded in between,
 * and nobody pushes out those whose login is under way.
 */
export class Arrivals {
  readonly #options: ArrivalsOptions;
  /** By address; whose turn is next comes first. */
  readonly #queues = new Map<string, Set<Socket>>();
  /** Those that were not looked at for room since all were, and the largest seen last. */
  #unlooked = this.#queues.entries();
  #largest: Queue | undefined;
  #size = 0;
  #asked = false;
  #askedMs = 0;

  constructor(options: ArrivalsOptions) {
    this.#options = options;
  }

  get size(): number {
    return this.#size;
  }

  enter(socket: Socket, address: string): void {
    const { arrivalsMax, arrivalsPerAddressMax } = this.#options.limits;
    const queue = this.#queues.get(address) ?? new Set();
    const mayEnter =
      queue.size < arrivalsPerAddressMax &&
      (this.#size < arrivalsMax || this.#makeRoom(queue.size));
    if (!mayEnter) {
      this.#turnAway(socket);
      return;
    }
    this.#queues.set(address, queue.add(socket));
    this.#size += 1;
    socket.once('close', () => this.#leave(socket, address));
    this.#ask();
  }

  /** Who has more than a fair share gives some of it up: a few addresses do not shut out all. */
  #makeRoom(ownSize: number): boolean {
    const unfair = this.#largestOfSome(Math.max(this.#size / this.#queues.size, ownSize + 2));
    const [oldest] = unfair?.queue ?? [];
    if (unfair === undefined || oldest === undefined) return false;
    this.#leave(oldest, unfair.address);
    this.#turnAway(oldest);
    return true;
  }

  /** Of thousands that wait nobody looks at all; one that is unfair is found in time, and kept. */
  #largestOfSome(sizeMin: number): Queue | undefined {
    let largest = (this.#largest?.queue.size ?? 0) < sizeMin ? undefined : this.#largest;
    for (let looks = Math.min(looksMax, this.#queues.size); looks > 0; looks -= 1) {
      const looked = this.#nextToLookAt();
      if (looked !== undefined && looked.queue.size >= (largest?.queue.size ?? sizeMin)) {
        largest = looked;
      }
    }
    this.#largest = largest;
    return largest;
  }

  /** Round and round. */
  #nextToLookAt(): Queue | undefined {
    let next = this.#unlooked.next();
    if (next.done) {
      this.#unlooked = this.#queues.entries();
      next = this.#unlooked.next();
    }
    if (next.done) return undefined;
    const [address, queue] = next.value;
    return { address, queue };
  }

  #turnAway(socket: Socket): void {
    this.#options.onTurnedAway('too-many-arrivals');
    socket.destroy();
  }

  #leave(socket: Socket, address: string): void {
    const queue = this.#queues.get(address);
    if (!queue?.delete(socket)) return;
    this.#size -= 1;
    if (queue.size === 0) this.#queues.delete(address);
  }

  #ask(): void {
    if (this.#asked) return;
    this.#asked = true;
    this.#askedMs = this.#options.clock.monotonicMs();
    this.#options.atEndOfTurn(() => this.#look());
  }

  #look(): void {
    const { timers, limits } = this.#options;
    const begun = this.#beginSome();
    this.#asked = false;
    if (this.#size === 0) return;
    if (begun > 0) {
      this.#ask();
      return;
    }
    this.#asked = true;
    this.#askedMs = Number.POSITIVE_INFINITY; // what comes next is no turn that was long
    timers.after(limits.lookAgainMs, () => this.#look());
  }

  /** As many as leave the turns short: those that began earlier go on in them. */
  #beginsMax(): number {
    const { clock, limits } = this.#options;
    const turnMs = clock.monotonicMs() - this.#askedMs;
    return turnMs > limits.turnMsMax ? 1 : limits.beginsPerTurn;
  }

  #beginSome(): number {
    const { mayBegin, begin } = this.#options;
    const beginsMax = this.#beginsMax();
    let begun = 0;
    let looked = 0;
    for (const [address, queue] of this.#queues) {
      looked += 1;
      if (mayBegin(address)) {
        const [socket] = queue;
        if (socket !== undefined) {
          this.#leave(socket, address);
          begun += 1;
          begin(socket, address);
        }
      }
      if (this.#queues.delete(address)) this.#queues.set(address, queue); // the last in turn now
      if (begun === beginsMax || looked === looksMax) break;
    }
    return begun;
  }
}
