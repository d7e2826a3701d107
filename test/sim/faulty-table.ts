import type { Item, Key, Outcome, Page, Query, Table } from '#functions/store/table.ts';
import { WrappedTable, type Write } from '#test/support/wrapped-table.ts';
import type { Invocation } from './invocation.ts';
import type { Seeded } from './seeded.ts';
import type { VirtualTime } from './virtual-time.ts';

/** What the store does to its callers; rates are probabilities per call. */
export interface TableFaults {
  readonly latencyMs: number;
  readonly slowRate: number;
  readonly slowMs: number;
  /** Refused before anything happened. */
  readonly throttleRate: number;
  /** Failed after the write took effect. */
  readonly failAfterRate: number;
  /** The SDK lost the answer to a write that took effect, and asked again some time later. */
  readonly repeatRate: number;
  readonly repeatMs: number;
  /** A page has fewer items than were asked for. */
  readonly shortPageRate: number;
}

/** A write that took effect; what the invariants look at. */
export interface TableWrite {
  readonly key: Key;
  /** Undefined: deleted. */
  readonly after: Item | undefined;
  readonly invocation: Invocation;
}

/** The one table of the world, and what ails it. */
export interface TableServer {
  readonly engine: Table;
  readonly time: VirtualTime;
  readonly random: Seeded;
  faults: TableFaults;
  /** No call gets through. */
  away: boolean;
  readonly onWrite: (write: TableWrite) => void;
}

/** Longest a call waits when the store is away; DynamoDB's client gives up after as long. */
const awayMs = 5_000;

class StoreFailure extends Error {
  override readonly name = 'StoreFailure';
}

/**
 * The store as one invocation sees it: late, throttled, failing before or after the write, asked
 * twice by its own client; and the invocation may die before or after any call.
 */
export class FaultyTable extends WrappedTable {
  readonly #server: TableServer;
  readonly #current: () => Invocation;

  /** @param current whose calls these are, asked at the beginning of each. */
  constructor(server: TableServer, current: () => Invocation) {
    super(server.engine);
    this.#server = server;
    this.#current = current;
  }

  override query(query: Query): Promise<Page> {
    const { random, faults } = this.#server;
    const isShort = random.chance(faults.shortPageRate);
    const limit = isShort ? Math.min(query.limit, random.integer(1, 5)) : query.limit;
    return super.query({ ...query, limit });
  }

  protected override async read<T>(call: () => Promise<T>): Promise<T> {
    const invocation = this.#current();
    await this.#arrive(invocation);
    const answer = await call();
    await this.#return(invocation);
    return answer;
  }

  protected override async write(
    { operation, key }: Write,
    call: () => Promise<Outcome>,
  ): Promise<Outcome> {
    const { random, faults, onWrite, time } = this.#server;
    const invocation = this.#current();
    await this.#arrive(invocation);
    const written = (outcome: Outcome): Outcome => {
      if (outcome.kind === 'written') {
        const after = operation === 'delete' ? undefined : outcome.item;
        onWrite({ key, after, invocation });
      }
      return outcome;
    };
    let outcome = written(await call());
    if (random.chance(faults.repeatRate)) {
      await time.wait(random.fraction() ** 2 * faults.repeatMs);
      await invocation.survive();
      outcome = written(await call());
    }
    const failed = random.chance(faults.failAfterRate);
    await this.#return(invocation);
    if (failed) throw new StoreFailure('no answer; the write may have taken effect');
    return outcome;
  }

  async #arrive(invocation: Invocation): Promise<void> {
    const { time, random, faults } = this.#server;
    await invocation.survive();
    await time.wait(this.#drawMs());
    if (this.#server.away) {
      await time.wait(random.between(0, awayMs));
      throw new StoreFailure('away');
    }
    if (random.chance(faults.throttleRate)) throw new StoreFailure('throttled');
  }

  async #return(invocation: Invocation): Promise<void> {
    await invocation.survive();
    await this.#server.time.wait(this.#drawMs());
    await invocation.survive();
  }

  #drawMs(): number {
    const { random, faults } = this.#server;
    const usual = random.between(faults.latencyMs / 2, faults.latencyMs);
    const slow = random.chance(faults.slowRate);
    return usual + (slow ? random.between(0, faults.slowMs) : 0);
  }
}
