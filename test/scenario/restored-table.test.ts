import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Outcome, Table } from '#functions/store/table.ts';
import { Stage } from '#test/sim/stage.ts';
import { MemoryTable } from '#test/support/memory-table.ts';

/** A table, and a copy that is written along until it is kept, and takes its place at last. */
class Recoverable implements Table {
  #now: Table;
  readonly #copy = new MemoryTable('restored');
  #isKept = false;

  constructor(table: Table) {
    this.#now = table;
  }

  keep(): void {
    this.#isKept = true;
  }

  restore(): void {
    this.#now = this.#copy;
  }

  get name(): string {
    return this.#now.name;
  }

  get: Table['get'] = (key) => this.#now.get(key);
  getMany: Table['getMany'] = (keys) => this.#now.getMany(keys);
  query: Table['query'] = (query) => this.#now.query(query);
  put: Table['put'] = (...call) => this.#write((table) => table.put(...call));
  update: Table['update'] = (...call) => this.#write((table) => table.update(...call));
  delete: Table['delete'] = (...call) => this.#write((table) => table.delete(...call));

  async #write(call: (table: Table) => Promise<Outcome>): Promise<Outcome> {
    if (!this.#isKept) await call(this.#copy);
    return call(this.#now);
  }
}

// A hub moved since the second to which the table is set back. Its host has the very epoch it had
// then, and what is restored knows nothing of the move.
test('the table is restored: who hosts a hub joins anew, and one member hosts it', async () => {
  const tables: Recoverable[] = [];
  const engine = (table: Table): Table => {
    const recoverable = new Recoverable(table);
    tables.push(recoverable);
    return recoverable;
  };
  const stage = await Stage.set({ members: 3, clients: 2, engine });
  const { world } = stage;
  await stage.connect(stage.client(1));
  for (const table of tables) table.keep();

  const first = stage.host();
  first.kill();
  await stage.pass(15_000);
  const back = (): string => (stage.client(1).session ? '' : stage.client(1).trouble);
  await stage.until(back, 60_000);
  first.start();
  await stage.pass(60_000);
  assert.notEqual(stage.host(), first);

  for (const table of tables) table.restore();
  const restoredMs = world.time.nowMs;
  stage.client(2).start();
  const hosts = () =>
    world.members.filter((one) => stage.mayServe(one) && stage.running(one).agent.running.length);
  // The invariants do not look: what they know of is not there any more.
  await world.time.run(restoredMs + 10_000, () => false);
  assert.ok(
    hosts().length <= 1,
    hosts()
      .map(({ name }) => name)
      .join(' and '),
  );
  await world.time.run(restoredMs + 150_000, () => hosts().length > 1);
  assert.deepEqual(
    world.clients.map(({ session }) => session !== undefined),
    [true, true],
  );
  assert.equal(hosts().length, 1);
});
