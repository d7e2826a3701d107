import * as z from 'zod';
import type { HubConfig } from '#shared/contract/hub.ts';
import { defaultHubOptions, hubLogSchema, hubOptionsSchema } from '#shared/contract/hub-options.ts';
import { type HubName, hubName } from '#shared/kernel/ids.ts';
import { type HubAdminOption, hubAdminOptionNames } from '../domain/hub-admin-options.ts';
import { attributesOf } from './attributes.ts';
import { keyOf } from './keys.ts';
import { itemsUnder } from './pages.ts';
import { ruleListRefSchema } from './rule-list-store.ts';
import {
  type Attributes,
  always,
  getManyMax,
  type Item,
  is,
  itemAbsent,
  itemPresent,
  type Key,
  type Table,
} from './table.ts';

const optionNames = hubAdminOptionNames as [HubAdminOption, ...HubAdminOption[]];
const optionValue = z.number().int().min(0).max(0xffff_ffff);

/** The switch of the packet log, and what is logged while it is on: `log` has both in one. */
const packetLogSchema = z.object({ isOn: z.boolean(), levels: hubLogSchema.shape.packets });
export type PacketLog = Readonly<z.infer<typeof packetLogSchema>>;

/** A hub as its administrators configured it. */
const hubSchema = z.object({
  name: z.string().transform(hubName),
  kind: z.enum(['static', 'dynamic']),
  version: z.number().int().positive(),
  online: z.boolean(),
  /** Most sessions over the whole cluster; 0 = no limit. */
  maxSession: z.number().int().nonnegative(),
  /** Shards its seats are in: never fewer than they once were (ADR 0013). */
  seatShards: z.number().int().positive().optional(),
  /** Kept out of the list any client may ask for. */
  noEnum: z.boolean(),
  /** Sealed SHA-0 of the hub administrator's password; absent while none is set. */
  sealedPassword: z.instanceof(Uint8Array).optional(),
  /** Sealed SHA-0 of password and "ADMINISTRATOR": the hub's built-in user (protocol/03). */
  sealedSecurePassword: z.instanceof(Uint8Array).optional(),
  /** Welcome's `timeout` for sessions of this hub. */
  sessionTimeoutMs: z.number().int().min(2_000).max(60_000),
  /** Shown to users when they connect; empty = none. */
  message: z.string().max(20_000),
  createdMs: z.number().int(),
  /** What members are told beside: see `hub-options.ts`. Absent: the defaults. */
  options: hubOptionsSchema.optional(),
  log: hubLogSchema.optional(),
  packetLog: packetLogSchema.optional(),
  /** What its administrators and sessions are allowed: see `domain/hub-admin-options.ts`. */
  adminOptions: z.partialRecord(z.enum(optionNames), optionValue).optional(),
  /** Lists that are kept apart (`rule-list-store.ts`), for this item is read with each login. */
  accessList: ruleListRefSchema.optional(),
  sourceList: ruleListRefSchema.optional(),
});

export type Hub = Readonly<z.infer<typeof hubSchema>>;

/** Most hubs a cluster lists (protocol/06 §1). */
export const hubsMax = 100_000;

export class HubStore {
  readonly #table: Table;

  constructor(table: Table) {
    this.#table = table;
  }

  async get(name: HubName): Promise<Hub | undefined> {
    const item = await this.#table.get(keyOf.hub(name));
    return item && hubOf(item);
  }

  /** False: a hub of that name exists. The directory entry comes first: a hub is never unlisted. */
  async create(hub: Hub): Promise<boolean> {
    const entry = { name: hub.name, createdMs: hub.createdMs };
    await this.#table.put(keyOf.directory(hub.name), entry, always);
    const outcome = await this.#table.put(keyOf.hub(hub.name), stored(hub), itemAbsent);
    return outcome.kind === 'written';
  }

  /** Replace what was read at `seenVersion`. False: someone changed it meanwhile. */
  async replace(hub: Hub, seenVersion: number): Promise<boolean> {
    const outcome = await this.#table.put(
      keyOf.hub(hub.name),
      stored(hub),
      is('version', seenVersion),
    );
    return outcome.kind === 'written';
  }

  /**
   * Remove the hub's own items; users and sessions are removed by their stores. False: there was no
   * such hub. Its directory entry goes last, and only that of this very hub: one created under the
   * same name meanwhile has written its own.
   */
  async remove(name: HubName): Promise<boolean> {
    const outcome = await this.#table.delete(keyOf.hub(name), itemPresent);
    if (outcome.kind === 'refused') return false;
    const { createdMs } = hubOf(outcome.item);
    await this.#table.delete(keyOf.directory(name), is('createdMs', createdMs));
    return true;
  }

  /** All hubs by name. A listed name without a hub is skipped. */
  async *list(): AsyncGenerator<Hub> {
    let batch: Key[] = [];
    for await (const entry of itemsUnder(this.#table, 'DIRECTORY', 'HUB#', hubsMax)) {
      batch.push(keyOf.hub(hubName(String(entry['name']))));
      if (batch.length < getManyMax) continue;
      yield* await this.#getMany(batch);
      batch = [];
    }
    yield* await this.#getMany(batch);
  }

  /** How many names are listed: never fewer than there are hubs. */
  async count(): Promise<number> {
    let count = 0;
    for await (const _ of itemsUnder(this.#table, 'DIRECTORY', 'HUB#', hubsMax)) count += 1;
    return count;
  }

  async #getMany(keys: readonly Key[]): Promise<Hub[]> {
    const items = await this.#table.getMany(keys);
    return items.filter((item) => item !== undefined).map(hubOf);
  }
}

/** What a ticket or an order says of a hub: the rest is told as it is then (`hub-rules.ts`). */
export function hubConfigOf(hub: Hub): HubConfig {
  return { name: hub.name, kind: hub.kind, version: hub.version, online: hub.online };
}

function hubOf(item: Item): Hub {
  return hubSchema.parse(item);
}

/** Of the options those that are not as usual. */
function stored({ options, adminOptions, ...hub }: Hub): Attributes {
  const own = Object.entries(options ?? {}).filter(
    ([name, value]) => value !== defaultHubOptions[name as keyof typeof defaultHubOptions],
  );
  const set = Object.entries(adminOptions ?? {}).filter(([, value]) => value !== 0);
  return attributesOf({
    ...hub,
    ...(own.length > 0 && { options: Object.fromEntries(own) }),
    ...(set.length > 0 && { adminOptions: Object.fromEntries(set) }),
  });
}
