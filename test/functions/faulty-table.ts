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

/** The process was gone after it had written. */
export class InvocationDied extends Error {
  override readonly name = 'InvocationDied';
}

export type Write = { readonly operation: 'put' | 'update' | 'delete'; readonly key: Key };

/** A table whose writes can be followed by the end of the invocation, or done twice by a client. */
export class FaultyTable implements Table {
  /** The invocation dies after a write for which this holds. */
  diesAfter: (write: Write) => boolean = () => false;
  /** A write that succeeded is sent again, as an SDK does that missed the answer. */
  repeats: (write: Write) => boolean = () => false;
  /** Runs before each write: somebody else is faster. */
  before: (write: Write) => Promise<void> = async () => undefined;
  readonly #table: Table;

  constructor(table: Table) {
    this.#table = table;
  }

  get(key: Key): Promise<Item | undefined> {
    return this.#table.get(key);
  }
  getMany(keys: readonly Key[]): Promise<readonly (Item | undefined)[]> {
    return this.#table.getMany(keys);
  }
  query(query: Query): Promise<Page> {
    return this.#table.query(query);
  }
  put(key: Key, attributes: Attributes, condition: Condition): Promise<Outcome> {
    const write = { operation: 'put', key } as const;
    return this.#write(write, () => this.#table.put(key, attributes, condition));
  }
  update(key: Key, change: Change, condition: Condition): Promise<Outcome> {
    const write = { operation: 'update', key } as const;
    return this.#write(write, () => this.#table.update(key, change, condition));
  }
  delete(key: Key, condition: Condition): Promise<Outcome> {
    const write = { operation: 'delete', key } as const;
    return this.#write(write, () => this.#table.delete(key, condition));
  }

  async #write(write: Write, perform: () => Promise<Outcome>): Promise<Outcome> {
    await this.before(write);
    const outcome = await perform();
    if (this.diesAfter(write)) throw new InvocationDied(`${write.operation} ${write.key.pk}`);
    return this.repeats(write) ? perform() : outcome;
  }
}
