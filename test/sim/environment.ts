import { type Stores, storesOver } from '#functions/store/stores.ts';
import { FaultyTable, type TableServer } from './faulty-table.ts';
import type { Invocation } from './invocation.ts';
import type { Seeded } from './seeded.ts';

/** Some are taken away though nothing was wrong with them. */
const recycledRate = 0.05;

/**
 * A process that runs one function, one invocation after the other, on a machine with a clock of
 * its own. What an invocation has read the next may remember; one that died takes it along.
 */
export class Environment {
  readonly stores: Stores;
  readonly skewMs: number;
  #invocation: Invocation | undefined;

  constructor(server: TableServer, skewMs: number) {
    this.skewMs = skewMs;
    this.stores = storesOver(
      new FaultyTable(server, () => {
        if (this.#invocation === undefined) throw new Error('nobody runs here');
        return this.#invocation;
      }),
    );
  }

  enter(invocation: Invocation): void {
    this.#invocation = invocation;
  }
}

/** The environments of each function: as many as were ever needed at once. */
export class Environments {
  readonly #idle = new Map<string, Environment[]>();
  readonly #random: Seeded;
  readonly #create: (random: Seeded) => Environment;

  constructor(random: Seeded, create: (random: Seeded) => Environment) {
    this.#random = random;
    this.#create = create;
  }

  take(name: string): Environment {
    const idle = this.#idle.get(name) ?? [];
    const index = Math.floor(this.#random.fraction() * idle.length);
    return idle.splice(index, 1)[0] ?? this.#create(this.#random);
  }

  /** After an invocation that ended, well or not. */
  giveBack(name: string, environment: Environment): void {
    if (this.#random.chance(recycledRate)) return;
    this.#idle.set(name, [...(this.#idle.get(name) ?? []), environment]);
  }
}
