import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Attributes, Condition, Key, Outcome, Table } from '#functions/store/table.ts';
import { Stage } from '#test/sim/stage.ts';

/** Keeps the first session that is written on its way until it is let go. */
class Holding {
  held = 0;
  #letGo: () => void = () => undefined;

  over(table: Table): Table {
    return {
      get: (key) => table.get(key),
      getMany: (keys) => table.getMany(keys),
      query: (query) => table.query(query),
      update: (key, change, condition) => table.update(key, change, condition),
      delete: (key, condition) => table.delete(key, condition),
      put: (key, attributes, condition) => this.#put(table, key, attributes, condition),
    };
  }

  letGo(): void {
    this.#letGo();
  }

  async #put(
    table: Table,
    key: Key,
    attributes: Attributes,
    condition: Condition,
  ): Promise<Outcome> {
    if (key.sk.startsWith('SESSION#') && this.held === 0) {
      this.held += 1;
      await new Promise<void>((resolve) => {
        this.#letGo = resolve;
      });
    }
    return table.put(key, attributes, condition);
  }
}

test('a heartbeat stalls before it lists a session that ends meanwhile: no ghost', async () => {
  const holding = new Holding();
  const stage = await Stage.set({ members: 1, clients: 1, engine: (table) => holding.over(table) });
  const listed = () => stage.world.invariants.sessions.length;
  await stage.connect(stage.client(1));
  await stage.until(() => (holding.held === 1 ? '' : 'a heartbeat that stalls'), 3_000);
  await stage.until(() => (listed() === 1 ? '' : 'the heartbeat was repeated'), 5_000);
  stage.client(1).leave();
  await stage.until(() => (listed() === 0 ? '' : 'the end was told'), 12_000);
  holding.letGo();
  await stage.pass(5_000);
  assert.equal(listed(), 0);
});
