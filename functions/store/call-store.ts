import { any, atMost, attributeAbsent, type Key, type Table } from './table.ts';

const key: Key = { pk: 'FLEET-CALL', sk: 'LAST' };

/** When a member was last called for: one item for the whole cluster. */
export class CallStore {
  readonly #table: Table;

  constructor(table: Table) {
    this.#table = table;
  }

  /** Take the right to call now. False: somebody else did less than `everyMs` ago. */
  async claim(nowMs: number, everyMs: number): Promise<boolean> {
    const outcome = await this.#table.update(
      key,
      { set: { calledMs: nowMs } },
      any(attributeAbsent('calledMs'), atMost('calledMs', nowMs - everyMs)),
    );
    return outcome.kind === 'written';
  }
}
