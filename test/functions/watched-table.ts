import assert from 'node:assert/strict';
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
import { MemoryTable } from '#test/support/memory-table.ts';

/** A table that tells which items were changed by what was done to it. */
export class WatchedTable implements Table {
  readonly #table = new MemoryTable();
  #changed: string[] = [];

  /** `pk/sk` of what changed since it was last asked; a write of what was there changes nothing. */
  takeChanges(): readonly string[] {
    const changed = this.#changed;
    this.#changed = [];
    return changed;
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
    return this.#watch(key, () => this.#table.put(key, attributes, condition));
  }
  update(key: Key, change: Change, condition: Condition): Promise<Outcome> {
    return this.#watch(key, () => this.#table.update(key, change, condition));
  }
  delete(key: Key, condition: Condition): Promise<Outcome> {
    return this.#watch(key, () => this.#table.delete(key, condition));
  }

  async #watch(key: Key, write: () => Promise<Outcome>): Promise<Outcome> {
    const before = await this.#table.get(key);
    const outcome = await write();
    try {
      assert.deepEqual(await this.#table.get(key), before);
    } catch {
      this.#changed.push(`${key.pk}/${key.sk}`);
    }
    return outcome;
  }
}
