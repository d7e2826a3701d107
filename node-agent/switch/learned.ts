import type { AddressTable } from './address-table.ts';
import type { Attachment } from './attachment.ts';

/** An address a hub instance has learned, as administrators see it; times are monotonic. */
export interface LearnedAddress {
  /** Names it as long as it is in the table; 32 bits. */
  readonly key: number;
  readonly text: string;
  readonly vlanId: number;
  /** Name of the attachment it lives behind. */
  readonly owner: string;
  readonly createdMs: number;
  readonly seenMs: number;
  /** Lent by a DHCP server. */
  readonly leased: boolean;
}

/** What an administrator may ask of a table of addresses. */
export interface LearnedTable {
  readonly size: number;
  /** Those seen last first; what is too old to count is left out. */
  latest(): Iterable<LearnedAddress>;
  /** Forget the address listed under this key. False: it is not there any more. */
  forget(key: number): boolean;
}

/** How addresses of one kind are told. */
export interface LearnedKind {
  /** Tells keys of the kinds in one list apart; 0 or 1. */
  readonly bit: 0 | 1;
  readonly textOf: (words: readonly number[]) => string;
  readonly vlanOf: (words: readonly number[]) => number;
  readonly isFresh: (entry: number) => boolean;
}

/** A key is the entry's number, the kind's bit, and as much of a digest of the address. */
const entryBits = 16;
const tagBits = 15;

/** Administrators' view of a table. For lists, never per frame. */
export class LearnedAddresses implements LearnedTable {
  readonly #table: AddressTable<Attachment>;
  readonly #kind: LearnedKind;

  constructor(table: AddressTable<Attachment>, kind: LearnedKind) {
    this.#table = table;
    this.#kind = kind;
  }

  get size(): number {
    return this.#table.size;
  }

  *latest(): Generator<LearnedAddress> {
    const { textOf, vlanOf, isFresh } = this.#kind;
    const table = this.#table;
    for (const { entry, key, owner, seenMs } of table.latest()) {
      if (!isFresh(entry)) continue;
      yield {
        key: this.#keyOf(entry, key),
        text: textOf(key),
        vlanId: vlanOf(key),
        owner: owner.name,
        createdMs: table.createdMsAt(entry),
        seenMs,
        leased: table.leaseMsAt(entry) !== 0,
      };
    }
  }

  forget(key: number): boolean {
    const entry = key & ((1 << entryBits) - 1);
    const words = this.#table.keyAt(entry);
    if (words === undefined || this.#keyOf(entry, words) !== key) return false;
    this.#table.remove(entry);
    return true;
  }

  #keyOf(entry: number, words: readonly number[]): number {
    const mixed = words.reduce((sum, word) => Math.imul(sum ^ word, 0x9e37_79b1), 0);
    const tag = mixed >>> (32 - tagBits);
    return ((tag << (entryBits + 1)) | (this.#kind.bit << entryBits) | entry) >>> 0;
  }
}

/** Several kinds of addresses as one list, each in its own order. */
export function together(tables: readonly LearnedTable[]): LearnedTable {
  return {
    get size() {
      return tables.reduce((sum, { size }) => sum + size, 0);
    },
    *latest() {
      for (const table of tables) yield* table.latest();
    },
    forget: (key) => tables.some((table) => table.forget(key)),
  };
}
