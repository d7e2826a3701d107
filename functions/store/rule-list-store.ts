import { gunzipSync, gzipSync } from 'node:zlib';
import * as z from 'zod';
import {
  accessRuleSchema,
  accessRulesMax,
  sourceRuleSchema,
} from '#shared/contract/access-rule.ts';
import type { HubName } from '#shared/kernel/ids.ts';
import { hubPartition, keyOf, ruleListPrefix } from './keys.ts';
import { itemsUnder } from './pages.ts';
import { always, below, itemPresent, type Table } from './table.ts';

/** Which list holds: a hub's item names it. */
export const ruleListRefSchema = z.object({
  id: z.string(),
  count: z.number().int().positive(),
});
export type RuleListRef = z.infer<typeof ruleListRefSchema>;

const listedSchema = z.object({ rule: accessRuleSchema, note: z.string() });
/** An entry of an access list as administrators see it. */
export type ListedRule = z.infer<typeof listedSchema>;

export const ruleLists = {
  access: z.array(listedSchema).max(accessRulesMax),
  source: z.array(sourceRuleSchema),
} as const;

/** An item takes 400 KB. */
const packedBytesMax = 380 * 1024;
/** What a packed list may turn into. */
const unpackedBytesMax = 16 * 1024 * 1024;
/** Lists one process keeps unpacked. */
const keptMax = 32;
/** Lists a hub leaves behind at most: one, and what died half way. */
const leftMax = 1_000;

/**
 * Lists of rules of hubs. A list is written once, under a name of its own, and never changed: the
 * hub's item says in its own conditional write which one holds (ADR 0001), and a process may keep
 * what it has read. So a login or a redemption reads a list seldom, however long it is.
 */
export class RuleListStore<Rule> {
  readonly #table: Table;
  readonly #kind: keyof typeof ruleLists;
  readonly #schema: z.ZodType<readonly Rule[]>;
  readonly #kept = new Map<string, readonly Rule[]>();

  constructor(table: Table, kind: keyof typeof ruleLists, schema: z.ZodType<readonly Rule[]>) {
    this.#table = table;
    this.#kind = kind;
    this.#schema = schema;
  }

  /** Nobody reads it before a hub names it. False: it is too long to be kept. */
  async write(hub: HubName, id: string, rules: readonly Rule[], nowMs: number): Promise<boolean> {
    const packed = gzipSync(JSON.stringify(rules));
    if (packed.length > packedBytesMax) return false;
    const key = keyOf.ruleList(hub, this.#kind, id);
    await this.#table.put(key, { packed: new Uint8Array(packed), createdMs: nowMs }, always);
    return true;
  }

  /** Undefined: the hub has another one by now. */
  async read(hub: HubName, { id }: RuleListRef): Promise<readonly Rule[] | undefined> {
    const kept = this.#kept.get(`${hub} ${id}`);
    if (kept !== undefined) return kept;
    const item = await this.#table.get(keyOf.ruleList(hub, this.#kind, id));
    if (item === undefined) return undefined;
    const packed = z.instanceof(Uint8Array).parse(item['packed']);
    const text = gunzipSync(packed, { maxOutputLength: unpackedBytesMax }).toString();
    const rules = this.#schema.parse(JSON.parse(text));
    this.#keep(`${hub} ${id}`, rules);
    return rules;
  }

  async remove(hub: HubName, { id }: Pick<RuleListRef, 'id'>): Promise<void> {
    await this.#table.delete(keyOf.ruleList(hub, this.#kind, id), itemPresent);
  }

  /** Remove what a hub that is no more left behind. */
  async clear(hub: HubName, beforeMs: number): Promise<void> {
    const prefix = ruleListPrefix(this.#kind);
    for await (const item of itemsUnder(this.#table, hubPartition(hub), prefix, leftMax)) {
      await this.#table.delete({ pk: item.pk, sk: item.sk }, below('createdMs', beforeMs));
    }
  }

  #keep(key: string, rules: readonly Rule[]): void {
    this.#kept.set(key, rules);
    if (this.#kept.size <= keptMax) return;
    for (const oldest of this.#kept.keys()) {
      this.#kept.delete(oldest);
      break;
    }
  }
}
