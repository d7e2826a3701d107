import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { z } from 'zod';
import { type CaseName, caseNames } from './failover-cases.ts';
import type { FailoverRun } from './failover-run.ts';

/** Everything measured of one case with one cluster, or why nothing was. */
export interface Measured {
  readonly cluster: string;
  readonly name: CaseName;
  readonly runs: readonly FailoverRun[];
  readonly obstacle: string | undefined;
}

const number = z.number().optional();
const rowsSchema = z.array(
  z.object({
    cluster: z.string(),
    name: z.enum(caseNames),
    runs: z.array(z.object({ backMs: number, framesMs: number, lostPings: number })),
    obstacle: z.string().optional(),
  }),
);

/** Results as they come; in a file, if there is one, with those that are in it already. */
export class Results {
  readonly #file: string | undefined;
  readonly #rows: Measured[] = [];

  constructor(file: string | undefined) {
    this.#file = file;
    if (file === undefined || !existsSync(file)) return;
    for (const row of rowsSchema.parse(JSON.parse(readFileSync(file, 'utf8')))) {
      const runs = row.runs.map(({ backMs, framesMs, lostPings }) => ({
        backMs,
        framesMs,
        lostPings,
      }));
      this.add({ ...row, runs, obstacle: row.obstacle });
    }
  }

  /** Runs of a case come to those it has. */
  add(measured: Measured): void {
    const { cluster, name } = measured;
    const index = this.#rows.findIndex((row) => row.cluster === cluster && row.name === name);
    const before = this.#rows[index];
    if (before === undefined) this.#rows.push(measured);
    else this.#rows[index] = { ...measured, runs: [...before.runs, ...measured.runs] };
    if (this.#file !== undefined) {
      writeFileSync(this.#file, `${JSON.stringify(this.#rows, undefined, 1)}\n`);
    }
  }

  /** In the order of the table. */
  rows(): readonly Measured[] {
    return caseNames.flatMap((name) => this.#rows.filter((row) => row.name === name));
  }
}
