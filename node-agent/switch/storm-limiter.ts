import { AddressIndex } from './address-index.ts';
import type { Chance } from './chance.ts';
import { none } from './holdings.ts';

/** protocol/06 §7. */
const checkEveryMs = 500;
const perSecondDefault = 32;
const discardFrom = 3;
const discardAllFrom = 128;
const discardMax = 1_024;
/** Kinds of frames counted apart, powers of two; beyond, all others are counted together. */
const kindsMin = 8;
const kindsMax = 256;
/** How many kinds are looked at for one that may be forgotten. */
const triesMax = 4;

/** Columns of a kind: frames flooded since the last check, when that was, and D. */
const words = 4;
const checkedAt = 1;
const discardAt = 2;

/**
 * The broadcast storm limiter of one attachment: frames it floods are counted by source MAC, source
 * and destination IP address. Kinds that have become quiet are forgotten when room is needed.
 */
export class StormLimiter {
  readonly #chance: Chance;
  readonly #index: AddressIndex;
  /** By kind; the first is that of all others. */
  #columns = new Float64Array(words * (kindsMin + 1));
  #room = kindsMin;
  #kinds = 0;

  constructor(seed: number, chance: Chance) {
    this.#chance = chance;
    this.#index = new AddressIndex(kindsMin, seed);
    this.#reset(0);
  }

  /** Count a frame that would be flooded; false: it is part of a storm. 0: the usual threshold. */
  admits(
    macLow: number,
    macHigh: number,
    source: number,
    destination: number,
    perSecondMax: number,
    nowMs: number,
  ): boolean {
    const at = this.#kindOf(macLow, macHigh, source, destination, nowMs) * words;
    const columns = this.#columns;
    const flooded = (columns[at] as number) + 1;
    columns[at] = flooded;
    const elapsedMs = nowMs - (columns[at + checkedAt] as number);
    let admitted = true;
    if (elapsedMs > checkEveryMs) {
      admitted = this.#check(at, flooded, perSecondMax || perSecondDefault, elapsedMs);
      columns[at + checkedAt] = nowMs;
      columns[at] = 0;
    }
    const discard = columns[at + discardAt] as number;
    if (discard < discardFrom) return admitted;
    return admitted && discard < discardAllFrom && this.#chance.below(discard) === 0;
  }

  #check(at: number, flooded: number, perSecondMax: number, elapsedMs: number): boolean {
    const discard = this.#columns[at + discardAt] as number;
    if (flooded * (1_000 / checkEveryMs) >= perSecondMax) {
      this.#columns[at + discardAt] = Math.min(discardMax, Math.max(1, discard) * 2);
      return false;
    }
    const divisor = Math.max(2, elapsedMs / checkEveryMs);
    this.#columns[at + discardAt] = Math.floor(discard / divisor);
    return true;
  }

  #kindOf(a: number, b: number, c: number, d: number, nowMs: number): number {
    const found = this.#index.find(a, b, c, d);
    if (found !== none) return found + 1;
    const entry = this.#freeEntry(nowMs);
    if (entry === none) return 0;
    this.#index.insert(entry, a, b, c, d);
    this.#reset(entry + 1);
    return entry + 1;
  }

  /** Looks at a few kinds, not at all: this is where a flood of made-up addresses ends up. */
  #freeEntry(nowMs: number): number {
    if (this.#kinds === this.#room && this.#room < kindsMax) this.#grow();
    if (this.#kinds < this.#room) {
      this.#kinds += 1;
      return this.#kinds - 1;
    }
    for (let tries = 0; tries < triesMax; tries++) {
      const entry = this.#chance.below(kindsMax);
      const at = (entry + 1) * words;
      if (nowMs - (this.#columns[at + checkedAt] as number) <= checkEveryMs) continue;
      if ((this.#columns[at + discardAt] as number) >= discardFrom) continue;
      this.#index.remove(entry);
      return entry;
    }
    return none;
  }

  #reset(kind: number): void {
    this.#columns[kind * words] = 0;
    this.#columns[kind * words + checkedAt] = Number.NEGATIVE_INFINITY;
    this.#columns[kind * words + discardAt] = 0;
  }

  #grow(): void {
    this.#room *= 2;
    const columns = new Float64Array(words * (this.#room + 1));
    columns.set(this.#columns);
    this.#columns = columns;
    this.#index.grow(this.#room);
  }
}
