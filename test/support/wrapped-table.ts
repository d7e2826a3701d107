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

/** What is written where, whatever is written. */
export interface Write {
  readonly operation: 'put' | 'update' | 'delete';
  readonly key: Key;
}

/** A table around another: subclasses change what a read or a write does, or single calls. */
export abstract class WrappedTable implements Table {
  readonly #table: Table;

  constructor(table: Table) {
    this.#table = table;
  }

  get name(): string {
    return this.#table.name;
  }

  get(key: Key): Promise<Item | undefined> {
    return this.read(() => this.#table.get(key));
  }

  getMany(keys: readonly Key[]): Promise<readonly (Item | undefined)[]> {
    return this.read(() => this.#table.getMany(keys));
  }

  query(query: Query): Promise<Page> {
    return this.read(() => this.#table.query(query));
  }

  put(key: Key, attributes: Attributes, condition: Condition): Promise<Outcome> {
    return this.write({ operation: 'put', key }, () => this.#table.put(key, attributes, condition));
  }

  update(key: Key, change: Change, condition: Condition): Promise<Outcome> {
    return this.write({ operation: 'update', key }, () =>
      this.#table.update(key, change, condition),
    );
  }

  delete(key: Key, condition: Condition): Promise<Outcome> {
    return this.write({ operation: 'delete', key }, () => this.#table.delete(key, condition));
  }

  /** Around each read; `call` may be made more than once, or not at all. */
  protected read<T>(call: () => Promise<T>): Promise<T> {
    return call();
  }

  /** Around each write; `call` may be made more than once, or not at all. */
  protected write(_write: Write, call: () => Promise<Outcome>): Promise<Outcome> {
    return call();
  }
}
