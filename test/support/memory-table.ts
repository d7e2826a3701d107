import {
  type Attributes,
  type Change,
  type Condition,
  getManyMax,
  type Item,
  type Key,
  type Outcome,
  type Page,
  type Query,
  type Table,
  type Value,
} from '#functions/store/table.ts';
import { assert, unreachable } from '#shared/kernel/assert.ts';
import { checkChange, checkItem, checkKey, checkQuery, storedBytes } from './table-rules.ts';

/** A page ends with the item that fills it. */
const pageBytesMax = 1_024 * 1_024;

/** {@link Table} in memory: the twin of DynamoDB for tests; every call is atomic. */
export class MemoryTable implements Table {
  readonly name: string;
  readonly #items = new Map<string, Item>();

  constructor(name = 'table') {
    this.name = name;
  }

  async get(key: Key): Promise<Item | undefined> {
    return this.#read(key);
  }

  async getMany(keys: readonly Key[]): Promise<readonly (Item | undefined)[]> {
    assert(keys.length <= getManyMax, `getMany takes at most ${getManyMax} keys`);
    return keys.map((key) => this.#read(key));
  }

  async put(key: Key, attributes: Attributes, condition: Condition): Promise<Outcome> {
    const current = this.#read(key);
    if (!holds(condition, current)) return { kind: 'refused', current };
    return { kind: 'written', item: this.#write({ ...attributes, ...key }) };
  }

  async update(key: Key, change: Change, condition: Condition): Promise<Outcome> {
    checkChange(change);
    const current = this.#read(key);
    if (!holds(condition, current)) return { kind: 'refused', current };
    const next: Record<string, Value> = { ...current, ...key, ...change.set };
    for (const [name, amount] of Object.entries(change.add ?? {})) {
      const before = current?.[name] === undefined ? 0 : current[name];
      assert(typeof before === 'number', `${name} is not a number`);
      next[name] = before + amount;
    }
    for (const [name, values] of Object.entries(change.append ?? {})) {
      const before = current?.[name] === undefined ? [] : current[name];
      assert(Array.isArray(before), `${name} is not a list`);
      next[name] = [...before, ...values];
    }
    for (const name of change.remove ?? []) delete next[name];
    return { kind: 'written', item: this.#write(next as Item) };
  }

  async delete(key: Key, condition: Condition): Promise<Outcome> {
    const current = this.#read(key);
    if (!holds(condition, current)) return { kind: 'refused', current };
    this.#items.delete(keyText(key));
    return { kind: 'written', item: current ?? { ...key } };
  }

  async query(query: Query): Promise<Page> {
    checkQuery(query);
    const behind = [...this.#items.values()]
      .filter((item) => item.pk === query.pk && item.sk.startsWith(query.skPrefix))
      .filter((item) => query.after === undefined || inOrder(query.after, item.sk) < 0)
      .sort((a, b) => inOrder(a.sk, b.sk));
    const items: Item[] = [];
    let bytes = 0;
    for (const item of behind) {
      items.push(structuredClone(item));
      bytes += storedBytes(item);
      // DynamoDB does not look whether there is more.
      if (items.length === query.limit || bytes > pageBytesMax) return { items, next: item.sk };
    }
    return { items, next: undefined };
  }

  #read(key: Key): Item | undefined {
    checkKey(key);
    const item = this.#items.get(keyText(key));
    return item && structuredClone(item);
  }

  #write(item: Item): Item {
    checkItem(item);
    this.#items.set(keyText(item), structuredClone(item));
    return structuredClone(item);
  }
}

/** What DynamoDB's condition means, on one item. */
export function holds(condition: Condition, item: Item | undefined): boolean {
  switch (condition.kind) {
    case 'always':
      return true;
    case 'present':
      return item?.[condition.attribute] !== undefined;
    case 'absent':
      return item?.[condition.attribute] === undefined;
    case 'compare':
      return compares(item?.[condition.attribute], condition.comparison, condition.value);
    case 'size-below': {
      const list = item?.[condition.attribute];
      if (list === undefined) return false;
      assert(Array.isArray(list), `${condition.attribute} is not a list`);
      return list.length < condition.limit;
    }
    case 'all':
      return condition.of.every((part) => holds(part, item));
    case 'any':
      return condition.of.some((part) => holds(part, item));
    default:
      return unreachable(condition);
  }
}

function compares(
  actual: Value | undefined,
  comparison: string,
  expected: string | number | boolean,
): boolean {
  if (comparison === '<>') return actual !== expected;
  if (typeof actual !== typeof expected) return false;
  const value = actual as string | number | boolean;
  switch (comparison) {
    case '=':
      return value === expected;
    case '<':
      return value < expected;
    case '<=':
      return value <= expected;
    case '>':
      return value > expected;
    default:
      return value >= expected;
  }
}

/** DynamoDB's order, of UTF-8 bytes: JavaScript's is another for what is above U+FFFF. */
function inOrder(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}

function keyText(key: Key): string {
  return `${key.pk}\u0000${key.sk}`;
}
