import { none } from './holdings.ts';

const keyWords = 4;

/**
 * Finds the entry of an address: open addressing with linear probing, at most half full. The seed
 * keeps a sender from choosing addresses that collide.
 */
export class AddressIndex {
  readonly #seed: number;
  /** Addresses by entry, four words each. */
  #keys: Int32Array;
  /** Entry + 1 by slot; 0: free. A power of two of them. */
  #slots: Int32Array;
  #mask: number;

  /** @param entries room for so many, a power of two */
  constructor(entries: number, seed: number) {
    this.#seed = seed | 0;
    this.#keys = new Int32Array(keyWords * entries);
    this.#slots = new Int32Array(2 * entries);
    this.#mask = 2 * entries - 1;
  }

  find(a: number, b: number, c: number, d: number): number {
    const slots = this.#slots;
    const keys = this.#keys;
    const mask = this.#mask;
    let slot = this.#home(a, b, c, d);
    for (;;) {
      const entry = (slots[slot] as number) - 1;
      if (entry < 0) return none;
      const key = entry * keyWords;
      if (keys[key] === a && keys[key + 1] === b && keys[key + 2] === c && keys[key + 3] === d) {
        return entry;
      }
      slot = (slot + 1) & mask;
    }
  }

  /** For an address that is not there. */
  insert(entry: number, a: number, b: number, c: number, d: number): void {
    const key = entry * keyWords;
    this.#keys[key] = a;
    this.#keys[key + 1] = b;
    this.#keys[key + 2] = c;
    this.#keys[key + 3] = d;
    this.#place(entry);
  }

  /** Closes the gap: whoever was pushed past it moves back, so that searches still end right. */
  remove(entry: number): void {
    let gap = this.#homeOf(entry);
    while (this.#slots[gap] !== entry + 1) gap = (gap + 1) & this.#mask;
    let slot = gap;
    for (;;) {
      slot = (slot + 1) & this.#mask;
      const other = (this.#slots[slot] as number) - 1;
      if (other < 0) break;
      const fromHome = (slot - this.#homeOf(other)) & this.#mask;
      if (fromHome < ((slot - gap) & this.#mask)) continue;
      this.#slots[gap] = other + 1;
      gap = slot;
    }
    this.#slots[gap] = 0;
  }

  keyOf(entry: number): readonly number[] {
    return [...this.#keys.subarray(entry * keyWords, (entry + 1) * keyWords)];
  }

  /** Room for so many entries; a power of two, more than before. */
  grow(entries: number): void {
    const keys = new Int32Array(keyWords * entries);
    keys.set(this.#keys);
    this.#keys = keys;
    const placed = this.#slots;
    this.#slots = new Int32Array(2 * entries);
    this.#mask = 2 * entries - 1;
    for (const entry of placed) {
      if (entry > 0) this.#place(entry - 1);
    }
  }

  #place(entry: number): void {
    let slot = this.#homeOf(entry);
    while (this.#slots[slot] !== 0) slot = (slot + 1) & this.#mask;
    this.#slots[slot] = entry + 1;
  }

  #homeOf(entry: number): number {
    const keys = this.#keys;
    const key = entry * keyWords;
    return this.#home(
      keys[key] as number,
      keys[key + 1] as number,
      keys[key + 2] as number,
      keys[key + 3] as number,
    );
  }

  #home(a: number, b: number, c: number, d: number): number {
    let mixed = Math.imul(a ^ this.#seed, 0x9e3779b1);
    mixed = Math.imul(mixed ^ (mixed >>> 16) ^ b, 0x85ebca6b);
    mixed = Math.imul(mixed ^ (mixed >>> 13) ^ c, 0xc2b2ae35);
    mixed = Math.imul(mixed ^ (mixed >>> 15) ^ d, 0x27d4eb2f);
    return (mixed ^ (mixed >>> 14)) & this.#mask;
  }
}
