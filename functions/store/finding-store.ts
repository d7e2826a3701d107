import { gunzipSync, gzipSync } from 'node:zlib';
import * as z from 'zod';
import { type Finding, findingSchema, foundBytesMax } from '#shared/contract/inquiry.ts';
import type { MemberId } from '#shared/kernel/ids.ts';
import { keyOf } from './keys.ts';
import { always, type Table } from './table.ts';

/** Whoever inquired reads it within seconds; then the table's TTL removes it. */
const keptMs = 60_000;
/** What a packed finding may turn into. */
const unpackedBytesMax = 4 * foundBytesMax;

/** What members found, until it is read. */
export class FindingStore {
  readonly #table: Table;

  constructor(table: Table) {
    this.#table = table;
  }

  /** Told twice, it is the same. */
  async put(member: MemberId, finding: Finding, nowMs: number): Promise<void> {
    const packed = new Uint8Array(gzipSync(JSON.stringify(finding)));
    const ttl = Math.ceil((nowMs + keptMs) / 1_000);
    await this.#table.put(keyOf.finding(member, finding.id), { packed, ttl }, always);
  }

  async get(member: MemberId, inquiry: string): Promise<Finding | undefined> {
    const item = await this.#table.get(keyOf.finding(member, inquiry));
    if (item === undefined) return undefined;
    const packed = z.instanceof(Uint8Array).parse(item['packed']);
    const text = gunzipSync(packed, { maxOutputLength: unpackedBytesMax }).toString();
    return findingSchema.parse(JSON.parse(text));
  }
}
