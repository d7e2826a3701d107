import type {
  Attributes,
  Change,
  Condition,
  Item,
  Key,
  Outcome,
  Page,
  Query,
  Table,
  Value,
} from '#functions/store/table.ts';
import { unreachable } from '#shared/kernel/assert.ts';

/** {@link Table} in memory: the twin of DynamoDB for tests; every call is atomic. */
export class MemoryTable implements Table {
  readonly #items = new Map<string, Item>();

  async get(key: Key): Promise<Item | undefined> {
    return this.#read(key);
  }

  async getMany(keys: readonly Key[]): Promise<readonly (Item | undefined)[]> {
    return keys.map((key) => this.#read(key));
  }

  async put(key: Key, attributes: Attributes, condition: Condition): Promise<Outcome> {
    const current = this.#read(key);
    if (!holds(condition, current)) return { kind: 'refused', current };
    return { kind: 'written', item: this.#write({ ...attributes, ...key }) };
  }

  async update(key: Key, change: Change, condition: Condition): Promise<Outcome> {
    const current = this.#read(key);
    if (!holds(condition, current)) return { kind: 'refused', current };
    const next: Record<string, Value> = { ...current, ...key, ...change.set };
    for (const [name, amount] of Object.entries(change.add ?? {})) {
      next[name] = Number(current?.[name] ?? 0) + amount;
    }
    for (const [name, values] of Object.entries(change.append ?? {})) {
      next[name] = [...((current?.[name] as readonly Value[] | undefined) ?? []), ...values];
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
    const sorted = [...this.#items.values()]
      .filter((item) => item.pk === query.pk && item.sk.startsWith(query.skPrefix))
      .filter((item) => query.after === undefined || item.sk > query.after)
      .sort((a, b) => (a.sk < b.sk ? -1 : 1));
    const items = sorted.slice(0, query.limit).map((item) => structuredClone(item));
    return { items, next: sorted.length > query.limit ? items.at(-1)?.sk : undefined };
  }

  #read(key: Key): Item | undefined {
    const item = this.#items.get(keyText(key));
    return item && structuredClone(item);
  }

  #write(item: Item): Item {
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
      return Array.isArray(list) && list.length < condition.limit;
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

function keyText(key: Key): string {
  return `${key.pk}\u0000${key.sk}`;
}
