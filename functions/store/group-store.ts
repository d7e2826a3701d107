import * as z from 'zod';
import { policySchema } from '#shared/contract/policy.ts';
import type { HubName } from '#shared/kernel/ids.ts';
import { attributesOf } from './attributes.ts';
import { groupPrefix, hubPartition, keyOf } from './keys.ts';
import { itemsUnder } from './pages.ts';
import { policyAttributes } from './policy-attributes.ts';
import { type Attributes, type Item, is, itemAbsent, itemPresent, type Table } from './table.ts';

/** Users of one hub that share a policy; whom it has, its users' items say. */
const groupSchema = z.object({
  name: z.string().min(1).max(255),
  version: z.number().int().positive(),
  realname: z.string(),
  note: z.string(),
  /** For those who have none of their own; absent: the default. */
  policy: policySchema.optional(),
  createdMs: z.number().int(),
});

export type Group = Readonly<z.infer<typeof groupSchema>>;

/** Most groups of one hub (protocol/06 §1). */
export const groupsMax = 10_000;

export class GroupStore {
  readonly #table: Table;

  constructor(table: Table) {
    this.#table = table;
  }

  async get(hub: HubName, name: string): Promise<Group | undefined> {
    const item = await this.#table.get(keyOf.group(hub, name));
    return item && groupOf(item);
  }

  /** False: a group of that name exists. */
  async create(hub: HubName, group: Group): Promise<boolean> {
    const key = keyOf.group(hub, group.name);
    return (await this.#table.put(key, stored(group), itemAbsent)).kind === 'written';
  }

  /** Replace what was read at `seenVersion`. False: someone changed it meanwhile. */
  async replace(hub: HubName, group: Group, seenVersion: number): Promise<boolean> {
    const key = keyOf.group(hub, group.name);
    const outcome = await this.#table.put(key, stored(group), is('version', seenVersion));
    return outcome.kind === 'written';
  }

  /** False: there was no such group. */
  async remove(hub: HubName, name: string): Promise<boolean> {
    const outcome = await this.#table.delete(keyOf.group(hub, name), itemPresent);
    return outcome.kind === 'written';
  }

  async *list(hub: HubName): AsyncGenerator<Group> {
    for await (const item of itemsUnder(this.#table, hubPartition(hub), groupPrefix, groupsMax)) {
      yield groupOf(item);
    }
  }
}

function stored({ policy, ...group }: Group): Attributes {
  return attributesOf({ ...group, policy: policy && policyAttributes(policy) });
}

function groupOf(item: Item): Group {
  return groupSchema.parse(item);
}
