import type { Session } from './session.ts';

/** All sessions of this member by session key, for additional connections. */
export class SessionTable {
  readonly #byKey = new Map<string, Session>();

  get size(): number {
    return this.#byKey.size;
  }

  add(session: Session): void {
    this.#byKey.set(session.key.toString('latin1'), session);
  }

  remove(session: Session): void {
    this.#byKey.delete(session.key.toString('latin1'));
  }

  byKey(key: Buffer): Session | undefined {
    return this.#byKey.get(key.toString('latin1'));
  }

  all(): Session[] {
    return [...this.#byKey.values()];
  }
}
