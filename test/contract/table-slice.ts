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
} from '#functions/store/table.ts';
import { assert } from '#shared/kernel/assert.ts';

/** So many deletions at once. */
const deletionsMax = 20;

/**
 * An empty table inside one that has other things in it: every partition gets a prefix, which
 * nobody else may use. Remembers what was written, to remove it at the end.
 */
export class TableSlice implements Table {
  readonly #table: Table;
  readonly #prefix: string;
  readonly #written = new Map<string, Key>();

  constructor(table: Table, prefix: string) {
    this.#table = table;
    this.#prefix = prefix;
  }

  get name(): string {
    return this.#table.name;
  }

  async get(key: Key): Promise<Item | undefined> {
    return this.#outside(await this.#table.get(this.#inside(key)));
  }

  async getMany(keys: readonly Key[]): Promise<readonly (Item | undefined)[]> {
    const found = await this.#table.getMany(keys.map((key) => this.#inside(key)));
    return found.map((item) => this.#outside(item));
  }

  async put(key: Key, attributes: Attributes, condition: Condition): Promise<Outcome> {
    return this.#told(await this.#table.put(this.#remember(key), attributes, condition));
  }

  async update(key: Key, change: Change, condition: Condition): Promise<Outcome> {
    return this.#told(await this.#table.update(this.#remember(key), change, condition));
  }

  async delete(key: Key, condition: Condition): Promise<Outcome> {
    return this.#told(await this.#table.delete(this.#inside(key), condition));
  }

  async query(query: Query): Promise<Page> {
    const { items, next } = await this.#table.query({ ...query, pk: this.#prefix + query.pk });
    return { items: items.map((item) => this.#strip(item)), next };
  }

  /** Remove everything that was ever written here. */
  async clear(): Promise<void> {
    const keys = [...this.#written.values()];
    while (keys.length > 0) {
      const some = keys.splice(0, deletionsMax);
      await Promise.all(some.map((key) => this.#table.delete(key, { kind: 'always' })));
    }
    this.#written.clear();
  }

  #inside({ pk, sk }: Key): Key {
    assert(pk !== '', 'a partition has a name');
    return { pk: this.#prefix + pk, sk };
  }

  #remember(key: Key): Key {
    const inside = this.#inside(key);
    this.#written.set(JSON.stringify(inside), inside);
    return inside;
  }

  #told(outcome: Outcome): Outcome {
    return outcome.kind === 'written'
      ? { kind: 'written', item: this.#strip(outcome.item) }
      : { kind: 'refused', current: this.#outside(outcome.current) };
  }

  #outside(item: Item | undefined): Item | undefined {
    return item && this.#strip(item);
  }

  #strip(item: Item): Item {
    return { ...item, pk: item.pk.slice(this.#prefix.length) };
  }
}
