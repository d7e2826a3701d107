import * as z from 'zod';
import { type DoorRecord, doorForgottenMs } from '../domain/admin-door.ts';
import { attributesOf } from './attributes.ts';
import { keyOf } from './keys.ts';
import { is, itemAbsent, type Table } from './table.ts';

const recordSchema = z.object({
  version: z.number().int().positive(),
  guesses: z
    .object({
      count: z.number().int().positive(),
      sinceMs: z.number().int(),
      lockedUntilMs: z.number().int(),
    })
    .optional(),
  known: z.array(
    z.object({
      hub: z.string(),
      sealed: z.instanceof(Uint8Array<ArrayBuffer>),
      provenMs: z.number().int(),
    }),
  ),
});

export type StoredDoor = DoorRecord & { readonly version: number };

/** A record that says nothing any more is swept by the table's TTL some time after, seconds. */
const sweepAfterSeconds = 3_600;

/** What sources tried and proved at the administration: one item for each (ADR 0024). */
export class AdminDoorStore {
  readonly #table: Table;

  constructor(table: Table) {
    this.#table = table;
  }

  async get(source: string): Promise<StoredDoor | undefined> {
    const item = await this.#table.get(keyOf.adminDoor(source));
    return item && recordSchema.parse(item);
  }

  /**
   * Replace what was `seen`; refused, with what is there now, when another call was faster. Our own
   * retried success is refused too, and counts a guess twice: it errs to the safe side.
   */
  async replace(
    source: string,
    record: DoorRecord,
    seen: StoredDoor | undefined,
  ): Promise<
    | { readonly kind: 'written'; readonly stored: StoredDoor }
    | { readonly kind: 'refused'; readonly current: StoredDoor | undefined }
  > {
    const stored = {
      version: (seen?.version ?? 0) + 1,
      guesses: record.guesses,
      known: record.known,
    };
    const ttl = Math.ceil(doorForgottenMs(record) / 1_000) + sweepAfterSeconds;
    const outcome = await this.#table.put(
      keyOf.adminDoor(source),
      attributesOf({ ...stored, ttl }),
      seen === undefined ? itemAbsent : is('version', seen.version),
    );
    if (outcome.kind === 'written') return { kind: 'written', stored };
    const { current } = outcome;
    return { kind: 'refused', current: current && recordSchema.parse(current) };
  }
}
