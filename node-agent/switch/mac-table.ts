import { assert } from '#shared/kernel/assert.ts';

const slotsMin = 64;

/** What {@link MacTable.find} answers for an address it does not hold. */
export const notFound = -1;

/**
 * A bounded map from MAC address to its owner. An address is two numbers, its first 16 and its
 * last 32 bits, so that learning and looking up allocate nothing. Open addressing with linear
 * probing, at most half full; the seed keeps a sender from choosing addresses that collide.
 */
export class MacTable<Owner> {
  // Fixed at construction.
  readonly #entriesMax: number;
  readonly #seed: number;

  // The slots: parallel columns of a power-of-two length; free where `#owners` is undefined.
  #high!: Uint16Array;
  #low!: Uint32Array;
  #seenMs!: Float64Array;
  #owners!: (Owner | undefined)[];
  #mask!: number;
  #size = 0;

  constructor(entriesMax: number, seed: number) {
    this.#entriesMax = entriesMax;
    this.#seed = seed | 0;
    this.#allocate(slotsMin);
  }

  get size(): number {
    return this.#size;
  }

  /** The slot of an address, valid until the table next changes, or {@link notFound}. */
  find(high: number, low: number): number {
    let slot = this.#home(high, low);
    while (this.#owners[slot] !== undefined) {
      if (this.#low[slot] === low && this.#high[slot] === high) return slot;
      slot = (slot + 1) & this.#mask;
    }
    return notFound;
  }

  ownerAt(slot: number): Owner {
    const owner = this.#owners[slot];
    assert(owner !== undefined, 'a slot is asked for only after find() named it');
    return owner;
  }

  seenMsAt(slot: number): number {
    return this.#seenMs[slot] as number;
  }

  touch(slot: number, owner: Owner, nowMs: number): void {
    this.#owners[slot] = owner;
    this.#seenMs[slot] = nowMs;
  }

  /** Add an address that {@link find} did not find; false if the table is full. */
  add(high: number, low: number, owner: Owner, nowMs: number): boolean {
    if (this.#size >= this.#entriesMax) return false;
    if (2 * (this.#size + 1) > this.#mask + 1) this.#rebuild(2 * (this.#mask + 1), undefined);
    this.#insert(high, low, owner, nowMs);
    return true;
  }

  /** Keep only the entries for which `keep` is true; the one operation that costs a whole pass. */
  retain(keep: (owner: Owner, seenMs: number) => boolean): void {
    this.#rebuild(undefined, keep);
  }

  /** For checks and lists, never per frame. */
  *entries(): Generator<{ high: number; low: number; owner: Owner; seenMs: number }> {
    for (let slot = 0; slot <= this.#mask; slot++) {
      const owner = this.#owners[slot];
      if (owner === undefined) continue;
      const [high, low] = [this.#high[slot] as number, this.#low[slot] as number];
      yield { high, low, owner, seenMs: this.seenMsAt(slot) };
    }
  }

  #home(high: number, low: number): number {
    let mixed = Math.imul(low ^ this.#seed, 0x9e3779b1);
    mixed = Math.imul(mixed ^ (mixed >>> 16) ^ high, 0x85ebca6b);
    return (mixed ^ (mixed >>> 13)) & this.#mask;
  }

  #insert(high: number, low: number, owner: Owner, nowMs: number): void {
    let slot = this.#home(high, low);
    while (this.#owners[slot] !== undefined) slot = (slot + 1) & this.#mask;
    this.#high[slot] = high;
    this.#low[slot] = low;
    this.#owners[slot] = owner;
    this.#seenMs[slot] = nowMs;
    this.#size += 1;
  }

  #rebuild(slots: number | undefined, keep: ((o: Owner, ms: number) => boolean) | undefined): void {
    const kept = [];
    for (const entry of this.entries()) {
      if (keep === undefined || keep(entry.owner, entry.seenMs)) kept.push(entry);
    }
    this.#allocate(slots ?? slotsFor(kept.length));
    for (const { high, low, owner, seenMs } of kept) this.#insert(high, low, owner, seenMs);
  }

  #allocate(slots: number): void {
    assert((slots & (slots - 1)) === 0, 'the number of slots is a power of two');
    this.#high = new Uint16Array(slots);
    this.#low = new Uint32Array(slots);
    this.#seenMs = new Float64Array(slots);
    this.#owners = new Array<Owner | undefined>(slots).fill(undefined);
    this.#mask = slots - 1;
    this.#size = 0;
  }
}

function slotsFor(entries: number): number {
  let slots = slotsMin;
  while (slots < 2 * (entries + 1)) slots *= 2;
  return slots;
}
