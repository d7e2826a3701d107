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
}

/**
 * Connections that have no session yet, oldest first. A newcomer always gets in; when the room, or
 * its own address's share of it, is full, the one that has waited longest goes: a login takes
 * moments, so whoever has waited longest is the least likely to be one.
 */
export class WaitingRoom {
  readonly #limits: WaitingRoomLimits;
  readonly #all = new Set<Waiter>();
  readonly #byAddress = new Map<string, Set<Waiter>>();

  constructor(limits: WaitingRoomLimits) {
    this.#limits = limits;
  }

  get size(): number {
    return this.#all.size;
  }

  enter(waiter: Waiter): void {
    const neighbours = this.#byAddress.get(waiter.address);
    if (neighbours !== undefined && neighbours.size >= this.#limits.waitingPerAddressMax) {
      this.#evictOldest(neighbours, 'address-full');
    }
    if (this.#all.size >= this.#limits.waitingMax) {
      this.#evictOldest(this.#all, 'waiting-room-full');
    }
    this.#all.add(waiter);
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

  #evictOldest(from: ReadonlySet<Waiter>, reason: EvictReason): void {
    const [oldest] = from;
    if (oldest === undefined) return;
    this.leave(oldest);
    oldest.evict(reason);
  }
}
