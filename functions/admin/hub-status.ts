import { errorCode } from '#shared/wire/error-code.ts';
import type { Hub } from '../store/hub-store.ts';
import { AdminError } from './admin-error.ts';
import { countOf, inParallel } from './bounded-parallel.ts';
import { Fleet } from './fleet.ts';
import { hubTypes } from './hub-methods.ts';
import type { AdminCall, AdminPorts, HubCall } from './method.ts';
import { noTraffic, noTrafficInList, type RpcObject, timeText, zeros } from './rpc-object.ts';
import { liveSessions } from './session-methods.ts';

/** Most hubs one answer describes; each costs reads of its users and sessions. */
const hubsListedMax = 5_000;

/** Hub administrators see their own. */
export async function enumHub({ ports, admin }: AdminCall): Promise<RpcObject> {
  const fleet = await Fleet.load(ports);
  const list = await inParallel(hubsFor(ports, admin), async (hub) => {
    const usage = await usageOf(ports, fleet, hub);
    return {
      ...unreportedInList,
      ...noTrafficInList,
      ...describedInBoth(hub, usage),
    };
  });
  return { HubList: list };
}

export async function getHubStatus({ ports, hub }: HubCall): Promise<RpcObject> {
  const usage = await usageOf(ports, await Fleet.load(ports), hub);
  return {
    ...unreported,
    ...noTraffic,
    ...describedInBoth(hub, usage),
    NumAccessLists_u32: hub.accessList?.count ?? 0,
    NumSessionsBridge_u32: usage.bridges,
    NumSessionsClient_u32: usage.sessions - usage.bridges,
  };
}

/** All hubs an administrator may see. @throws {AdminError} when there are too many to answer. */
export async function* hubsFor(
  { stores }: AdminPorts,
  admin: AdminCall['admin'],
): AsyncGenerator<Hub> {
  if (admin.kind === 'hub') {
    const own = await stores.hubs.get(admin.hub);
    if (own !== undefined) yield own;
    return;
  }
  let listed = 0;
  for await (const hub of stores.hubs.list()) {
    listed += 1;
    if (listed > hubsListedMax) {
      throw new AdminError(errorCode.tooManyItems, `there are more than ${hubsListedMax} hubs`);
    }
    yield hub;
  }
}

interface Usage {
  readonly sessions: number;
  readonly bridges: number;
  readonly users: number;
  readonly groups: number;
  /** 0: nobody ever. */
  readonly lastLoginMs: number;
  readonly logins: number;
}

async function usageOf(ports: AdminPorts, fleet: Fleet, hub: Hub): Promise<Usage> {
  let [sessions, bridges, users, logins, lastLoginMs] = [0, 0, 0, 0, 0];
  for await (const { session } of liveSessions(ports, fleet, hub.name)) {
    sessions += 1;
    if (session.bridge) bridges += 1;
  }
  for await (const user of ports.stores.users.list(hub.name)) {
    users += 1;
    logins += user.logins;
    lastLoginMs = Math.max(lastLoginMs, user.lastLoginMs);
  }
  const groups = await countOf(ports.stores.groups.list(hub.name));
  return { sessions, bridges, users, groups, logins, lastLoginMs };
}

const unreportedInList = zeros(['NumMacTables_u32', 'NumIpTables_u32']);
const unreported: RpcObject = {
  ...unreportedInList,
  ...zeros(['SecureNATEnabled_bool']),
};

function describedInBoth(hub: Hub, usage: Usage): RpcObject {
  // A hub without a login shows its creation, as genuine ones do.
  const lastMs = usage.lastLoginMs || hub.createdMs;
  return {
    HubName_str: hub.name,
    Online_bool: hub.online,
    HubType_u32: hubTypes[hub.kind],
    NumSessions_u32: usage.sessions,
    NumUsers_u32: usage.users,
    NumGroups_u32: usage.groups,
    NumLogin_u32: usage.logins,
    LastLoginTime_dt: timeText(lastMs),
    LastCommTime_dt: timeText(lastMs),
    CreatedTime_dt: timeText(hub.createdMs),
  };
}
