/** One run that is planned. */
export interface PlannedRun {
  /** Runs of a group take about the same time. */
  readonly group: string;
  readonly guessMs: number;
}

/** Tells how long the rest will take: by what runs of the same group took, else by guesses. */
export class Schedule {
  readonly #pending: PlannedRun[];
  readonly #taken = new Map<string, number[]>();

  constructor(runs: readonly PlannedRun[]) {
    this.#pending = [...runs];
  }

  /** A run of this group ended. */
  done(group: string, tookMs: number): void {
    this.drop(group, 1);
    this.#taken.set(group, [...(this.#taken.get(group) ?? []), tookMs]);
  }

  /** So many runs of this group will not take place. */
  drop(group: string, count: number): void {
    for (let dropped = 0; dropped < count; dropped += 1) {
      const index = this.#pending.findIndex((run) => run.group === group);
      if (index >= 0) this.#pending.splice(index, 1);
    }
  }

  get remainingMs(): number {
    return this.#pending
      .map(({ group, guessMs }) => mean(this.#taken.get(group) ?? [guessMs]))
      .reduce((sum, ms) => sum + ms, 0);
  }
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
