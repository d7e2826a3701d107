import type { Item } from '#functions/store/table.ts';
import type { Grant } from '#shared/contract/ticket.ts';
import { nameKey } from '#shared/kernel/ids.ts';
import type { World } from './world.ts';

/** What is wrong with what a write left behind of anything that is counted; undefined: nothing. */
type Wrong = string | undefined;

/** I11: who is seated counts once, and no login sits down beyond the limit. */
export function brokenLimit(
  world: World,
  before: Item | undefined,
  after: Item | undefined,
  byLogin: boolean,
): Wrong {
  if (after === undefined) return undefined;
  const seats = seatsIn(after);
  const what = `${after.pk} ${after.sk}`;
  if (seats.length !== Number(after['taken'] ?? 0)) {
    return `${what}: ${String(after['taken'])} for ${seats.length} seats`;
  }
  if (!byLogin || seats.length <= seatsIn(before).length) return undefined;
  const hub = world.hubs.find(({ name }) => after.pk === `HUB#${nameKey(name)}`);
  const ofHub = after.sk.endsWith('#HUB');
  const limit = ofHub ? world.seatsOf(hub?.name ?? '') : 1;
  const counted = ofHub ? seats.length : new Set(seats.map(({ client }) => client)).size;
  return counted > limit ? `${what}: ${counted} seats of ${limit}` : undefined;
}

/** I11: nobody is given a ticket without a seat under each limit. */
export function unseated(world: World, ticket: Item | undefined): Wrong {
  if (ticket === undefined) return undefined;
  const grant = ticket['grant'] as unknown as Grant;
  if (world.seatsOf(grant.hub.name) === 0 || !isOfItsHub(world, grant)) return undefined;
  const seated = world.invariants
    .items('SEATS#')
    .filter(
      (item) =>
        item.pk === `HUB#${nameKey(grant.hub.name)}` &&
        seatsIn(item).some(({ session }) => session === nameKey(grant.sessionName)),
    );
  const isSeated = seated.length === 2 && grant.seats?.length === 2;
  return isSeated ? undefined : `${grant.sessionName} has no seats`;
}

/** Nobody can redeem what was issued for a hub that is no more: its seats went with it. */
function isOfItsHub(world: World, { hub, issuedMs = 0 }: Grant): boolean {
  const stored = world.invariants.items('CONFIG');
  const own = stored.find(({ pk }) => pk === `HUB#${nameKey(hub.name)}`);
  return own !== undefined && Number(own['createdMs']) <= issuedMs;
}

/** I12: what is counted of a member adds up, however often its cause was told. */
export function unevenHeadroom(member: Item | undefined): Wrong {
  if (member === undefined || member['state'] !== 'active') return undefined;
  const { capacity, sessions, reserved, reservedNew, headroom } = member as Readonly<
    Record<string, number>
  >;
  const sum = Number(sessions) + Number(reserved) + Number(headroom);
  if (sum === capacity && Number(reserved) >= 0 && Number(reservedNew) >= 0) return undefined;
  return (
    `${member.pk}: capacity ${capacity}, sessions ${sessions}, reserved ${reserved} ` +
    `(${reservedNew} new), headroom ${headroom}`
  );
}

/** Seats of one stored shard. */
export function seatsIn(item: Item | undefined): { session: string; client: string }[] {
  return Object.entries(item ?? {}).flatMap(([name, value]) =>
    name.startsWith('seat:')
      ? [{ session: name.slice('seat:'.length), client: (value as { client: string }).client }]
      : [],
  );
}
