import type { HubKind } from '#shared/contract/hub.ts';
import type { HubName, MemberId } from '#shared/kernel/ids.ts';
import { errorCode } from '#shared/wire/error-code.ts';
import { type Hub, hubConfigOf } from '../store/hub-store.ts';
import { AdminError } from './admin-error.ts';
import { inParallel } from './bounded-parallel.ts';
import { Fleet } from './fleet.ts';
import type { AdminPorts } from './method.ts';
import { order } from './orders.ts';

/** Attempts at a change others make at the same time. */
const roundsMax = 5;

/** Change a hub as it is stored now. @throws {AdminError} 8 when it was deleted meanwhile. */
export async function changeHub(
  { stores }: AdminPorts,
  name: HubName,
  changed: (hub: Hub) => Hub,
): Promise<Hub> {
  for (let round = 0; round < roundsMax; round += 1) {
    const seen = await stores.hubs.get(name);
    if (seen === undefined) throw new AdminError(errorCode.hubNotFound, 'no such hub');
    const hub = { ...changed(seen), version: seen.version + 1 };
    if (await stores.hubs.replace(hub, seen.version)) return hub;
  }
  throw new AdminError(errorCode.internalError, 'others kept changing the hub; repeat');
}

/** Tell the members that run the hub, or may, what it is now. */
export async function configureMembers(ports: AdminPorts, hub: Hub): Promise<void> {
  const hosts = await hostsOf(ports, hub.name, hub.kind);
  await order(ports, hosts, { kind: 'configure', hub: hubConfigOf(hub) });
}

/**
 * Remove what belongs to a hub that is no more, but nothing of a hub created under its name since
 * `beforeMs`. May be repeated, and is: a deletion that died half way is completed by the next
 * deletion or creation of that name. `kind` is known only the first time.
 *
 * The placement stays. Until its member has reported the hub closed, a new hub of this name must
 * find it, or two members would run it (I1); and its epoch goes on growing (I3), for members refuse
 * grants of an epoch older than what they closed.
 */
export async function removeRemains(
  ports: AdminPorts,
  name: HubName,
  kind: HubKind | undefined,
  beforeMs: number,
): Promise<void> {
  const { accessLists, groups, seats, sessions, sourceLists, users } = ports.stores;
  const { clock } = ports;
  // Users first: nothing may make them users of a later hub.
  await inParallel(users.list(name), async (user) => {
    if (user.createdMs < beforeMs) await users.remove(name, user.name);
  });
  await inParallel(groups.list(name), async (group) => {
    if (group.createdMs < beforeMs) await groups.remove(name, group.name);
  });
  await order(ports, await hostsOf(ports, name, kind), { kind: 'remove', hub: name });
  await inParallel(sessions.list(name), async (session) => {
    const { memberId, issuedMs = session.openedMs } = session;
    if (issuedMs < beforeMs) await sessions.close(memberId, name, session.name, clock.nowMs());
  });
  await seats.clear(name, beforeMs);
  await accessLists.clear(name, beforeMs);
  await sourceLists.clear(name, beforeMs);
}

/** Every member that runs an instance of a hub, or may: telling one too many does no harm. */
async function hostsOf(
  ports: AdminPorts,
  name: HubName,
  kind: HubKind | undefined,
): Promise<ReadonlySet<MemberId>> {
  const fleet = await Fleet.load(ports);
  if (kind === 'static') return new Set(fleet.members().map((member) => member.memberId));
  const hosts = new Set<MemberId>();
  const placement = await ports.stores.placements.get(name);
  if (placement !== undefined && placement.phase !== 'released') add(placement);
  for await (const session of ports.stores.sessions.list(name)) add(session);
  return hosts;

  function add(record: { readonly memberId: MemberId; readonly memberEpoch: number }): void {
    const member = fleet.holder(record);
    if (member !== undefined) hosts.add(member.memberId);
  }
}
