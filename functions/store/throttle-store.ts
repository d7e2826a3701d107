import * as z from 'zod';
import { forgottenMs, type SourceRecord } from '../domain/throttle.ts';
import { attributesOf } from './attributes.ts';
import { keyOf } from './keys.ts';
import { is, itemAbsent, type Table } from './table.ts';

const failures = {
  count: z.number().int().positive(),
  sinceMs: z.number().int(),
  lockedUntilMs: z.number().int(),
};
const recordSchema = z.object({
  version: z.number().int().positive(),
  source: z.object(failures),
  users: z.array(z.object({ user: z.string(), ...failures })),
});

export type StoredSource = SourceRecord & { readonly version: number };

/** A record that says nothing any more is swept by the table's TTL some time after, seconds. */
const sweepAfterSeconds = 3_600;

/** Failed logins by source address: one item for a source that failed, none for the others. */
export class ThrottleStore {
  readonly #table: Table;

  constructor(table: Table) {
    this.#table = table;
  }

  async get(source: string): Promise<StoredSource | undefined> {
    const item = await this.#table.get(keyOf.throttle(source));
    return item && recordSchema.parse(item);
  }

  /** Replace what was `seen`; refused, with what is there now, when another login was faster. */
  async replace(
    source: string,
    record: SourceRecord,
    seen: StoredSource | undefined,
  ): Promise<'written' | StoredSource | undefined> {
    const outcome = await this.#table.put(
      keyOf.throttle(source),
      attributesOf({
        version: (seen?.version ?? 0) + 1,
        source: record.source,
        users: record.users,
        ttl: Math.ceil(forgottenMs(record) / 1_000) + sweepAfterSeconds,
      }),
      seen === undefined ? itemAbsent : is('version', seen.version),
    );
    if (outcome.kind === 'written') return 'written';
    return outcome.current && recordSchema.parse(outcome.current);
  }
}
