import { assert } from '#shared/kernel/assert.ts';
import { AddressIndex } from './address-index.ts';
import { type Holdings, none } from './holdings.ts';

const entriesMin = 8;
/** The chain by age is put in order again this long after an entry's last turn in it. */
const ageStepMs = 1_000;

/** Columns of an entry's times: last seen, last put in order of age, end of a lease, begin. */
const timeWords = 4;
const movedAt = 1;
const leaseAt = 2;
const createdAt = 3;

/** Columns of an entry's neighbours, by age and among its owner's. */
const linkWords = 4;
const newerAt = 1;
const beforeAt = 2;
const afterAt = 3;

interface Entry<Owner> {
  readonly entry: number;
  readonly key: readonly number[];
  readonly owner: Owner;
  readonly seenMs: number;
}

/**
 * A bounded map from address to its owner, four 32-bit words to an address (a MAC address with its
 * VLAN has two, an IPv6 address four), so that learning and looking up allocate nothing. Entries
 * keep their number for life; chains through them lead to all of one owner, and from the oldest to
 * the newest, so that forgetting costs as much as is forgotten.
 */
export class AddressTable<Owner> {
  // Fixed at construction.
  readonly #entriesMax: number;
  readonly holdingsOf: (owner: Owner) => Holdings;
  readonly #index: AddressIndex;

  /** Changes whenever an entry is removed or changes hands: what was found before may be wrong. */
  generation = 0;

  // The entries; free where there is no owner.
  readonly #owners: (Owner | undefined)[] = new Array(entriesMin).fill(undefined);
  #times = new Float64Array(timeWords * entriesMin);
  #links = new Int32Array(linkWords * entriesMin);
  /** Free entries, chained like an owner's. */
  #free = none;
  #oldest = none;
  #newest = none;
  #size = 0;

  constructor(entriesMax: number, seed: number, holdingsOf: (owner: Owner) => Holdings) {
    this.#entriesMax = entriesMax;
    this.holdingsOf = holdingsOf;
    this.#index = new AddressIndex(entriesMin, seed);
    this.#chainFree(0, entriesMin);
  }

  get size(): number {
    return this.#size;
  }

  get isFull(): boolean {
    return this.#size >= this.#entriesMax;
  }

  /** The entry longest unseen, give or take a second; {@link none} if there is none. */
  get oldest(): number {
    return this.#oldest;
  }

  /** The entry of an address, or {@link none}. */
  find(a: number, b: number, c: number, d: number): number {
    return this.#index.find(a, b, c, d);
  }

  /** Add an address that {@link find} did not find; {@link none} if the table is full. */
  add(a: number, b: number, c: number, d: number, owner: Owner, nowMs: number): number {
    if (this.isFull) return none;
    if (this.#free === none) this.#grow();
    const entry = this.#free;
    this.#free = this.#link(entry, afterAt);
    this.#owners[entry] = owner;
    this.#times[entry * timeWords] = nowMs;
    this.#times[entry * timeWords + movedAt] = nowMs;
    this.#times[entry * timeWords + leaseAt] = 0;
    this.#times[entry * timeWords + createdAt] = nowMs;
    this.#linkNewest(entry);
    this.#linkOwner(entry, owner);
    this.#index.insert(entry, a, b, c, d);
    this.#size += 1;
    return entry;
  }

  /** It was seen where it is known to be. */
  touch(entry: number, nowMs: number): void {
    const at = entry * timeWords;
    this.#times[at] = nowMs;
    if (nowMs - (this.#times[at + movedAt] as number) >= ageStepMs) this.#renew(entry, nowMs);
  }

  /** It was seen with another owner. */
  move(entry: number, owner: Owner, nowMs: number): void {
    this.#unlinkOwner(entry);
    this.#owners[entry] = owner;
    this.#linkOwner(entry, owner);
    this.#times[entry * timeWords + createdAt] = nowMs;
    this.touch(entry, nowMs);
    this.generation += 1;
  }

  remove(entry: number): void {
    this.#index.remove(entry);
    this.#unlinkOwner(entry);
    this.#unlinkAge(entry);
    this.#owners[entry] = undefined;
    this.#setLink(entry, afterAt, this.#free);
    this.#free = entry;
    this.#size -= 1;
    this.generation += 1;
  }

  removeAllOf(owner: Owner): void {
    const holdings = this.holdingsOf(owner);
    while (holdings.first !== none) this.remove(holdings.first);
  }

  /** Remove the owner's entries that are no longer fresh; costs a look at each. */
  removeStale(owner: Owner, isFresh: (entry: number) => boolean): void {
    let entry = this.holdingsOf(owner).first;
    while (entry !== none) {
      const next = this.#link(entry, afterAt);
      if (!isFresh(entry)) this.remove(entry);
      entry = next;
    }
  }

  ownerAt(entry: number): Owner {
    const owner = this.#owners[entry];
    assert(owner !== undefined, 'an entry is asked for only while it is in the table');
    return owner;
  }

  seenMsAt(entry: number): number {
    return this.#times[entry * timeWords] as number;
  }

  /** Until when a DHCP server has lent it; 0: none has. */
  leaseMsAt(entry: number): number {
    return this.#times[entry * timeWords + leaseAt] as number;
  }

  setLeaseMs(entry: number, untilMs: number): void {
    this.#times[entry * timeWords + leaseAt] = untilMs;
  }

  /** Since when it has been with its owner. */
  createdMsAt(entry: number): number {
    return this.#times[entry * timeWords + createdAt] as number;
  }

  /** The address of an entry, if it is in the table. */
  keyAt(entry: number): readonly number[] | undefined {
    return this.#owners[entry] === undefined ? undefined : this.#index.keyOf(entry);
  }

  /** For checks, never per frame; oldest first. */
  entries(): Generator<Entry<Owner>> {
    return this.#chain(this.#oldest, newerAt);
  }

  /** For lists; the newest first. */
  latest(): Generator<Entry<Owner>> {
    return this.#chain(this.#newest, 0);
  }

  *#chain(first: number, column: number): Generator<Entry<Owner>> {
    for (let entry = first; entry !== none; entry = this.#link(entry, column)) {
      const key = this.#index.keyOf(entry);
      yield { entry, key, owner: this.ownerAt(entry), seenMs: this.seenMsAt(entry) };
    }
  }

  #renew(entry: number, nowMs: number): void {
    this.#times[entry * timeWords + movedAt] = nowMs;
    if (entry === this.#newest) return;
    this.#unlinkAge(entry);
    this.#linkNewest(entry);
  }

  #linkNewest(entry: number): void {
    this.#setLink(entry, 0, this.#newest);
    this.#setLink(entry, newerAt, none);
    if (this.#newest === none) this.#oldest = entry;
    else this.#setLink(this.#newest, newerAt, entry);
    this.#newest = entry;
  }

  #unlinkAge(entry: number): void {
    const older = this.#link(entry, 0);
    const newer = this.#link(entry, newerAt);
    if (older === none) this.#oldest = newer;
    else this.#setLink(older, newerAt, newer);
    if (newer === none) this.#newest = older;
    else this.#setLink(newer, 0, older);
  }

  #linkOwner(entry: number, owner: Owner): void {
    const holdings = this.holdingsOf(owner);
    const next = holdings.first;
    this.#setLink(entry, beforeAt, none);
    this.#setLink(entry, afterAt, next);
    if (next !== none) this.#setLink(next, beforeAt, entry);
    holdings.first = entry;
    holdings.count += 1;
  }

  #unlinkOwner(entry: number): void {
    const holdings = this.holdingsOf(this.ownerAt(entry));
    const before = this.#link(entry, beforeAt);
    const after = this.#link(entry, afterAt);
    if (before === none) holdings.first = after;
    else this.#setLink(before, afterAt, after);
    if (after !== none) this.#setLink(after, beforeAt, before);
    holdings.count -= 1;
  }

  #link(entry: number, column: number): number {
    return this.#links[entry * linkWords + column] as number;
  }

  #setLink(entry: number, column: number, to: number): void {
    this.#links[entry * linkWords + column] = to;
  }

  #chainFree(from: number, to: number): void {
    for (let entry = to - 1; entry >= from; entry--) {
      this.#setLink(entry, afterAt, this.#free);
      this.#free = entry;
    }
  }

  #grow(): void {
    const from = this.#owners.length;
    const to = 2 * from;
    for (let entry = from; entry < to; entry++) this.#owners.push(undefined);
    const times = new Float64Array(timeWords * to);
    times.set(this.#times);
    this.#times = times;
    const links = new Int32Array(linkWords * to);
    links.set(this.#links);
    this.#links = links;
    this.#index.grow(to);
    this.#chainFree(from, to);
  }
}
