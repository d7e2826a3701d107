import type { FrontDoor } from './front-door.ts';

/** Hubs looked at for one answer: anyone may ask, and a client's list is for choosing from. */
const hubsListedMax = 500;
/**
 * One process reads the list this often: it costs some hundred times what a login costs, and who
 * asks has proven nothing.
 */
export const hubListKeptMs = 5_000;

/** Names of the hubs any client may know of (protocol/02 §7, `enum_hub`). */
export class HubList {
  readonly #frontDoor: FrontDoor;
  #kept: { readonly names: readonly string[]; readonly readMs: number } | undefined;

  constructor(frontDoor: FrontDoor) {
    this.#frontDoor = frontDoor;
  }

  /** As of at most {@link hubListKeptMs} ago. */
  async names(): Promise<readonly string[]> {
    const nowMs = this.#frontDoor.clock.nowMs();
    const ageMs = nowMs - (this.#kept?.readMs ?? Number.NEGATIVE_INFINITY);
    if (this.#kept !== undefined && ageMs >= 0 && ageMs < hubListKeptMs) return this.#kept.names;
    const names = await this.#read();
    this.#kept = { names, readMs: nowMs };
    return names;
  }

  async #read(): Promise<readonly string[]> {
    const names: string[] = [];
    let looked = 0;
    for await (const hub of this.#frontDoor.stores.hubs.list()) {
      if (!hub.noEnum) names.push(hub.name);
      looked += 1;
      if (looked === hubsListedMax) break;
    }
    return names;
  }
}
