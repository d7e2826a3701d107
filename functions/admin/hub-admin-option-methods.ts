import { errorCode } from '#shared/wire/error-code.ts';
import {
  adminOption,
  type HubAdminOption,
  type HubAdminOptions,
  hubAdminOptionNames,
  hubAdminOptions,
  sessionLimits,
} from '../domain/hub-admin-options.ts';
import { shardsFor } from '../domain/seat.ts';
import type { Hub } from '../store/hub-store.ts';
import { sessionsMax } from '../store/session-store.ts';
import { AdminError } from './admin-error.ts';
import { changeHub } from './hub-changes.ts';
import type { AdminCall, HubCall } from './method.ts';
import { nameCharsMax } from './names.ts';
import type { RpcObject } from './rpc-object.ts';

const optionsPerCallMax = 200;
const optionByName = new Map(hubAdminOptionNames.map((name) => [name.toLowerCase(), name]));
/** Limits are kept in shards (ADR 0013): one nothing could reach would be spread over millions. */
const countsOfSessions: ReadonlySet<HubAdminOption> = new Set([
  'max_sessions',
  'max_sessions_client',
  'max_sessions_bridge',
  'max_multilogins_per_user',
]);

/**
 * @throws {AdminError} 52 for an administrator of a hub who may not, by the hub's own options.
 * Those of the server may always.
 */
export function refuseHubAdmin(
  { admin, hub }: Pick<HubCall, 'admin' | 'hub'>,
  option: HubAdminOption,
): void {
  if (admin.kind !== 'hub' || adminOption(hub, option) === 0) return;
  throw new AdminError(errorCode.notEnoughRight, `the hub's option ${option}`);
}

export async function getDefaultHubAdminOptions({ fields }: AdminCall): Promise<RpcObject> {
  return described(fields.text('HubName_str', nameCharsMax) ?? '', {});
}

export async function getHubAdminOptions({ hub }: HubCall): Promise<RpcObject> {
  return described(hub.name, hub.adminOptions ?? {});
}

/** What is not given stays; genuine servers take it for 0, and forget a restriction with it. */
export async function setHubAdminOptions(call: HubCall): Promise<RpcObject> {
  const { admin, fields, hub, ports } = call;
  if (admin.kind === 'hub' && adminOption(hub, 'allow_hub_admin_change_option') === 0) {
    throw new AdminError(errorCode.notEnoughRight, 'not for administrators of the hub');
  }
  const given = (fields.objects('AdminOptionList', optionsPerCallMax) ?? []).map((one) => {
    const name = optionByName.get((one.text('Name_str', nameCharsMax) ?? '').toLowerCase());
    if (name === undefined) {
      throw new AdminError(errorCode.invalidParameter, 'AdminOptionList names an unknown option');
    }
    const value = one.number('Value_u32') ?? 0;
    if (countsOfSessions.has(name) && value > sessionsMax) {
      throw new AdminError(errorCode.invalidParameter, `${name} is more than ${sessionsMax}`);
    }
    return [name, value] as const;
  });
  const changed = await changeHub(ports, hub.name, (seen) => {
    const adminOptions = { ...seen.adminOptions, ...Object.fromEntries(given) };
    return withShards({ ...seen, adminOptions });
  });
  return described(hub.name, changed.adminOptions ?? {});
}

/** Seats of all sessions are in as many shards as their limit ever took (ADR 0013). */
function withShards(hub: Hub): Hub {
  const needed = shardsFor(sessionLimits(hub).all);
  return { ...hub, seatShards: Math.max(hub.seatShards ?? 1, needed) };
}

function described(hub: string, values: HubAdminOptions): RpcObject {
  return {
    HubName_str: hub,
    NumItem_u32: hubAdminOptionNames.length,
    AdminOptionList: hubAdminOptionNames.map((name) => ({
      Name_str: name,
      Value_u32: values[name] ?? 0,
      Descrption_utf: hubAdminOptions[name], // sic
    })),
  };
}
