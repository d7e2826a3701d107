import type { FrontDoor } from './front-door.ts';

/** Hubs looked at for one answer: anyone may ask, and a client's list is for choosing from. */
const hubsListedMax = 500;

/** Names of the hubs any client may know of (protocol/02 §7, `enum_hub`). */
export async function listHubs({ stores }: FrontDoor): Promise<readonly string[]> {
  const names: string[] = [];
  let looked = 0;
  for await (const hub of stores.hubs.list()) {
    if (!hub.noEnum) names.push(hub.name);
    looked += 1;
    if (looked === hubsListedMax) break;
  }
  return names;
}
