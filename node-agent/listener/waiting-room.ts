/** Why a connection that has no session was sent away. */
export type EvictReason = 'waiting-room-full' | 'address-full';

/** Someone who waits and can be told to leave. */
export interface Waiter {
  readonly address: string;
  evict(reason: EvictReason): void;
}

export interface WaitingRoomLimits {
  readonly waitingMax: number;
  readonly waitingPerAddressMax: number;
  /** Who has waited for less is not pushed out as long as others can be kept outside. */
  readonly patienceMs: number;
}

/**
 * Connections that have no session yet, oldest first. Who enters always gets in; when the room, or
 * its own address's share of it, is full, the one that has waited longest goes: a login takes
 * moments, so whoever has waited longest is the least likely to be one.
 */
export class WaitingRoom {
  readonly #limits: WaitingRoomLimits;
  readonly #nowMs: () => number;
  /** Since when each waits. */
  readonly #all = new Map<Waiter, number>();
  readonly #byAddress = new Map<string, Set<Waiter>>();

  constructor(limits: WaitingRoomLimits, nowMs: () => number) {
    this.#limits = limits;
    this.#nowMs = nowMs;
  }

  get size(): number {
    return this.#all.size;
  }

  /** Whether one more could enter without pushing out somebody who has only just come. */
  hasPlaceFor(address: string): boolean {
    const { waitingMax, waitingPerAddressMax } = this.#limits;
    const neighbours = this.#byAddress.get(address);
    if (neighbours !== undefined && neighbours.size >= waitingPerAddressMax) {
      return this.#isPatient(neighbours);
    }
    return this.#all.size < waitingMax || this.#isPatient(this.#all.keys());
  }

  enter(waiter: Waiter): void {
    const neighbours = this.#byAddress.get(waiter.address);
    if (neighbours !== undefined && neighbours.size >= this.#limits.waitingPerAddressMax) {
      this.#evictOldest(neighbours, 'address-full');
    }
    if (this.#all.size >= this.#limits.waitingMax) {
      this.#evictOldest(this.#all.keys(), 'waiting-room-full');
    }
    this.#all.set(waiter, this.#nowMs());
    const share = this.#byAddress.get(waiter.address) ?? new Set();
    this.#byAddress.set(waiter.address, share.add(waiter));
  }

  /** It has a session, or is gone. May be called twice. */
  leave(waiter: Waiter): void {
    if (!this.#all.delete(waiter)) return;
    const share = this.#byAddress.get(waiter.address);
    share?.delete(waiter);
    if (share?.size === 0) this.#byAddress.delete(waiter.address);
  }

  /** Whether the first of these, the oldest, has had its time. */
  #isPatient(waiters: Iterable<Waiter>): boolean {
    const [oldest] = waiters;
    const sinceMs = oldest === undefined ? undefined : this.#all.get(oldest);
    return sinceMs !== undefined && this.#nowMs() - sinceMs >= this.#limits.patienceMs;
  }

  #evictOldest(from: Iterable<Waiter>, reason: EvictReason): void {
    const [oldest] = from;
    if (oldest === undefined) return;
    this.leave(oldest);
    oldest.evict(reason);
  }
}
