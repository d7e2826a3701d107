import assert from 'node:assert/strict';
import type { Outcome } from '#functions/store/table.ts';
import { MemoryTable } from '#test/support/memory-table.ts';
import { WrappedTable, type Write } from '#test/support/wrapped-table.ts';

/** A table that tells which items were changed by what was done to it. */
export class WatchedTable extends WrappedTable {
  readonly #watched: MemoryTable;
  #changed: string[] = [];

  constructor() {
    const watched = new MemoryTable();
    super(watched);
    this.#watched = watched;
  }

  /** `pk/sk` of what changed since it was last asked; a write of what was there changes nothing. */
  takeChanges(): readonly string[] {
    const changed = this.#changed;
    this.#changed = [];
    return changed;
  }

  protected override async write({ key }: Write, call: () => Promise<Outcome>): Promise<Outcome> {
    const before = await this.#watched.get(key);
    const outcome = await call();
    try {
      assert.deepEqual(await this.#watched.get(key), before);
    } catch {
      this.#changed.push(`${key.pk}/${key.sk}`);
    }
    return outcome;
  }
}
