export interface ForgedTicketLimits {
  /**
   * Tickets of one address that nobody knows, before it is not asked about any more. A whole site
   * may come from one address, each of its clients with a ticket that has just run out.
   */
  readonly forgedMax: number;
  /** So many of them are forgotten a second. */
  readonly forgottenPerSecond: number;
  /** Addresses that are remembered; the one heard of longest ago goes first. */
  readonly addressesMax: number;
}

/**
 * Counts tickets that turn out to be none, by address: each costs the control plane a call, and
 * anybody can make them up. True ones do not count, however many there are: a whole site that comes
 * back after a member was lost is let in. One that is asked about counts until it proved true, so
 * that of forged ones sent at once no more are asked about than of those sent one after another.
 */
export class ForgedTickets {
  readonly #limits: ForgedTicketLimits;
  /** What each address owed when it was last heard of, monotonic milliseconds. */
  readonly #owed = new Map<string, { readonly count: number; readonly atMs: number }>();

  constructor(limits: ForgedTicketLimits) {
    this.#limits = limits;
  }

  /** False: the control plane is not to be asked. */
  mayAsk(address: string, nowMs: number): boolean {
    const count = this.#count(address, nowMs) + 1;
    if (count > this.#limits.forgedMax) return false;
    this.#note(address, count, nowMs);
    return true;
  }

  /** It was no forgery, or that is not known. */
  forgive(address: string, nowMs: number): void {
    this.#note(address, this.#count(address, nowMs) - 1, nowMs);
  }

  #count(address: string, nowMs: number): number {
    const owed = this.#owed.get(address);
    if (owed === undefined) return 0;
    const forgotten = ((nowMs - owed.atMs) / 1_000) * this.#limits.forgottenPerSecond;
    return Math.max(0, owed.count - forgotten);
  }

  #note(address: string, count: number, nowMs: number): void {
    this.#owed.delete(address);
    if (count <= 0) return;
    this.#owed.set(address, { count, atMs: nowMs });
    if (this.#owed.size <= this.#limits.addressesMax) return;
    for (const oldest of this.#owed.keys()) {
      this.#owed.delete(oldest);
      break;
    }
  }
}
