import type { SourceRule } from '#shared/contract/access-rule.ts';
import type { HubConfig } from '#shared/contract/hub.ts';
import { type Hub, hubConfigOf } from './hub-store.ts';
import type { ListedRule, RuleListRef } from './rule-list-store.ts';
import type { Stores } from './stores.ts';

/** A list changes while it is read this often, and no more. */
const roundsMax = 3;

/** All a member has to know of a hub to run it. */
export async function fullConfigOf(stores: Stores, hub: Hub): Promise<HubConfig> {
  const [now, listed] = await withList(stores, hub, 'accessList', (seen, ref) =>
    stores.accessLists.read(seen.name, ref),
  );
  const { options, log } = now;
  return {
    ...hubConfigOf(now),
    ...(options !== undefined && { options }),
    ...(log !== undefined && { log }),
    ...(listed.length > 0 && { accessRules: listed.map(({ rule }) => rule) }),
  };
}

/** The hub's access list, and the hub as it was when that held. */
export function accessListOf(
  stores: Stores,
  hub: Hub,
): Promise<readonly [Hub, readonly ListedRule[]]> {
  return withList(stores, hub, 'accessList', (seen, ref) =>
    stores.accessLists.read(seen.name, ref),
  );
}

/** Who may log in from where; empty: everybody. */
export async function sourceListOf(stores: Stores, hub: Hub): Promise<readonly SourceRule[]> {
  const [, rules] = await withList(stores, hub, 'sourceList', (seen, ref) =>
    stores.sourceLists.read(seen.name, ref),
  );
  return rules;
}

/** A list that is gone was replaced: the hub says by which. */
async function withList<Rule>(
  stores: Stores,
  first: Hub,
  which: 'accessList' | 'sourceList',
  read: (hub: Hub, ref: RuleListRef) => Promise<readonly Rule[] | undefined>,
): Promise<readonly [Hub, readonly Rule[]]> {
  let hub = first;
  for (let round = 0; round < roundsMax; round += 1) {
    const ref = hub[which];
    if (ref === undefined) return [hub, []];
    const rules = await read(hub, ref);
    if (rules !== undefined) return [hub, rules];
    const again = await stores.hubs.get(hub.name);
    if (again === undefined) return [hub, []]; // nobody runs it any more
    hub = again;
  }
  throw new Error(`the ${which} of hub ${first.name} is not there`);
}
