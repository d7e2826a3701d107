import { setTimeout as wait } from 'node:timers/promises';
import type { Item, Key, Outcome, Page, Query, Table, Value } from '#functions/store/table.ts';
import { WrappedTable, type Write } from '#test/support/wrapped-table.ts';

/** What DynamoDB bills a table on demand for. */
export interface Usage {
  readonly readUnits: number;
  readonly writeUnits: number;
  readonly calls: number;
}

const readUnitBytes = 4_096;
const writeUnitBytes = 1_024;

/**
 * A table that counts request units as DynamoDB does ("DynamoDB read and write operations" in its
 * Developer Guide): reads are strongly consistent, one unit per 4 KB of each item begun, an absent
 * item one; each item of a batch is rounded up by itself, the items of a query together. Writes
 * take one unit per 1 KB begun of the item before or after, whichever is larger; a condition that
 * fails costs as much as the item that is there, and says what it saw for nothing.
 */
export class MeteredTable extends WrappedTable {
  readonly #metered: Table;
  readonly #latencyMs: number;
  #readUnits = 0;
  #writeUnits = 0;
  #calls = 0;

  /** Each call takes `latencyMs` of real time. */
  constructor(table: Table, latencyMs: number) {
    super(table);
    this.#metered = table;
    this.#latencyMs = latencyMs;
  }

  /** What was used since it was last asked. */
  take(): Usage {
    const usage = {
      readUnits: this.#readUnits,
      writeUnits: this.#writeUnits,
      calls: this.#calls,
    };
    this.#readUnits = 0;
    this.#writeUnits = 0;
    this.#calls = 0;
    return usage;
  }

  override async get(key: Key): Promise<Item | undefined> {
    const item = await super.get(key);
    this.#readUnits += units(itemBytes(item), readUnitBytes);
    return item;
  }

  override async getMany(keys: readonly Key[]): Promise<readonly (Item | undefined)[]> {
    if (keys.length === 0) return [];
    const items = await super.getMany(keys);
    for (const item of items) this.#readUnits += units(itemBytes(item), readUnitBytes);
    return items;
  }

  override async query(query: Query): Promise<Page> {
    const page = await super.query(query);
    const bytes = page.items.reduce((sum, item) => sum + itemBytes(item), 0);
    this.#readUnits += units(bytes, readUnitBytes);
    return page;
  }

  protected override async read<T>(call: () => Promise<T>): Promise<T> {
    await this.#count();
    return call();
  }

  protected override async write({ key }: Write, call: () => Promise<Outcome>): Promise<Outcome> {
    await this.#count();
    const before = itemBytes(await this.#metered.get(key));
    const outcome = await call();
    const after = itemBytes(await this.#metered.get(key));
    this.#writeUnits += units(Math.max(before, after), writeUnitBytes);
    return outcome;
  }

  async #count(): Promise<void> {
    this.#calls += 1;
    if (this.#latencyMs > 0) await wait(this.#latencyMs);
  }
}

function units(bytes: number, unitBytes: number): number {
  return Math.max(1, Math.ceil(bytes / unitBytes));
}

/** "DynamoDB item sizes and formats" in its Developer Guide. */
export function itemBytes(item: Item | undefined): number {
  if (item === undefined) return 0;
  return Object.entries(item).reduce(
    (sum, [name, value]) => sum + Buffer.byteLength(name) + valueBytes(value),
    0,
  );
}

function valueBytes(value: Value): number {
  if (typeof value === 'string') return Buffer.byteLength(value);
  if (typeof value === 'number') return numberBytes(value);
  if (typeof value === 'boolean' || value === null) return 1;
  if (value instanceof Uint8Array) return value.length;
  if (Array.isArray(value)) {
    return value.reduce<number>((sum, element) => sum + 1 + valueBytes(element), 3);
  }
  return Object.entries(value).reduce(
    (sum, [name, element]) => sum + 1 + Buffer.byteLength(name) + valueBytes(element),
    3,
  );
}

/** A byte for two significant digits, and one. */
function numberBytes(value: number): number {
  const digits = String(Math.abs(value))
    .replace('.', '')
    .replace(/^0+|0+$/g, '').length;
  return Math.ceil(digits / 2) + 1;
}
