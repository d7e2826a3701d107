import type { Key, Outcome, Table } from '#functions/store/table.ts';

/** Keeps one whole item that is to be written on its way until it is let go. */
export class Holding {
  readonly #isHeld: (key: Key) => boolean;
  #isArmed: boolean;
  held = 0;
  #letGo: () => void = () => undefined;

  /** The first such item; with `armed` false, the first after {@link arm}. */
  constructor(isHeld: (key: Key) => boolean, armed = true) {
    this.#isHeld = isHeld;
    this.#isArmed = armed;
  }

  arm(): void {
    this.#isArmed = true;
  }

  over(table: Table): Table {
    return {
      name: table.name,
      get: (key) => table.get(key),
      getMany: (keys) => table.getMany(keys),
      query: (query) => table.query(query),
      update: (key, change, condition) => table.update(key, change, condition),
      delete: (key, condition) => table.delete(key, condition),
      put: (key, attributes, condition) =>
        this.#held(key, () => table.put(key, attributes, condition)),
    };
  }

  letGo(): void {
    this.#letGo();
  }

  async #held(key: Key, put: () => Promise<Outcome>): Promise<Outcome> {
    if (this.#isArmed && this.#isHeld(key)) {
      this.#isArmed = false;
      this.held += 1;
      await new Promise<void>((resolve) => {
        this.#letGo = resolve;
      });
    }
    return put();
  }
}
