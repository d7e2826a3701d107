import type { HubKind } from '#shared/contract/hub.ts';
import { nameKey } from '#shared/kernel/ids.ts';
import { errorCode } from '#shared/wire/error-code.ts';
import { sha0Bytes } from '#shared/wire/sha0.ts';
import { shardsFor } from '../domain/seat.ts';
import { type Hub, hubsMax } from '../store/hub-store.ts';
import { sessionsMax } from '../store/session-store.ts';
import { AdminError } from './admin-error.ts';
import type { Fields } from './fields.ts';
import { refuseHubAdmin } from './hub-admin-option-methods.ts';
import { changeHub, configureMembers, removeRemains } from './hub-changes.ts';
import { readHubPassword } from './hub-password.ts';
import type { AdminCall, HubCall } from './method.ts';
import { validHubName } from './names.ts';
import { type RpcObject, withheld } from './rpc-object.ts';

/** SoftEther's numbers; 0 would be a hub of a server that stands alone. */
export const hubTypes: Readonly<Record<HubKind, number>> = { static: 1, dynamic: 2 };

/** Welcome's `timeout` of new hubs; with the client's retry it bounds fail-over. */
const sessionTimeoutMsOfNew = 5_000;
/** Measured floor and SoftEther's own upper bound (protocol/08 §4, protocol/05 §1). */
const sessionTimeoutMsMin = 2_000;
const sessionTimeoutMsMax = 60_000;

/** A hub is online from the start unless told otherwise (genuine servers: the reverse). */
export async function createHub({ ports, fields }: AdminCall): Promise<RpcObject> {
  const name = validHubName(fields.text('HubName_str') ?? '');
  const kind = readKind(fields.number('HubType_u32') ?? 0);
  const { hubs } = ports.stores;
  const nowMs = ports.clock.nowMs();
  if ((await hubs.get(name)) !== undefined) throw hubExists();
  if ((await hubs.count()) >= hubsMax) {
    throw new AdminError(errorCode.tooManyHubs, `${hubsMax} hubs are listed`);
  }
  const maxSession = readMaxSession(fields) ?? 0;
  const sessionTimeoutMs = readSessionTimeout(fields) ?? sessionTimeoutMsOfNew;
  await removeRemains(ports, name, undefined, nowMs);
  const hub: Hub = {
    name,
    kind,
    version: 1,
    online: fields.flag('Online_bool') ?? true,
    maxSession,
    seatShards: shardsFor(maxSession),
    noEnum: fields.flag('NoEnum_bool') ?? false,
    ...readHubPassword(fields, name, await ports.secrets.sealer()),
    sessionTimeoutMs,
    message: '',
    createdMs: nowMs,
  };
  if (!(await hubs.create(hub)) && !isOurs(await hubs.get(name), hub)) throw hubExists();
  return described(hub);
}

/** What is not given stays as it is; a hub's type is for ever. */
export async function setHub(call: HubCall): Promise<RpcObject> {
  const { ports, fields, hub } = call;
  const type = fields.number('HubType_u32');
  if (type !== undefined && readKind(type) !== hub.kind) {
    throw new AdminError(errorCode.notSupported, 'the type of a hub cannot be changed');
  }
  const password = readHubPassword(fields, hub.name, await ports.secrets.sealer());
  const online = fields.flag('Online_bool');
  const maxSession = readMaxSession(fields);
  const noEnum = fields.flag('NoEnum_bool');
  const sessionTimeoutMs = readSessionTimeout(fields);
  if (password !== undefined) refuseHubAdmin(call, 'no_change_admin_password');
  refuseSwitch(call, online);
  const changed = await changeHub(ports, hub.name, (seen) => ({
    ...(password === undefined ? seen : { ...withoutPassword(seen), ...password }),
    online: online ?? seen.online,
    maxSession: maxSession ?? seen.maxSession,
    seatShards: Math.max(seen.seatShards ?? 1, shardsFor(maxSession ?? 0)),
    sessionTimeoutMs: sessionTimeoutMs ?? seen.sessionTimeoutMs,
    noEnum: noEnum ?? seen.noEnum,
  }));
  // Told again even if it was so before: the caller may be repeating what failed half way.
  if (online !== undefined) await configureMembers(ports, changed);
  return described(changed);
}

export async function setHubOnline(call: HubCall): Promise<RpcObject> {
  const { ports, fields, hub } = call;
  const online = fields.flag('Online_bool') ?? false;
  refuseSwitch(call, online);
  const changed = await changeHub(ports, hub.name, (seen) => ({ ...seen, online }));
  await configureMembers(ports, changed);
  return { HubName_str: hub.name, Online_bool: online };
}

export async function getHub({ hub }: HubCall): Promise<RpcObject> {
  return described(hub);
}

/** The hub goes first: from then on nobody can log in to it, whatever remains. */
export async function deleteHub({ ports, fields }: AdminCall): Promise<RpcObject> {
  const name = validHubName(fields.text('HubName_str') ?? '');
  const nowMs = ports.clock.nowMs();
  const hub = await ports.stores.hubs.get(name);
  if (hub !== undefined) await ports.stores.hubs.remove(name);
  await removeRemains(ports, name, hub?.kind, nowMs);
  if (hub === undefined) throw new AdminError(errorCode.hubNotFound, 'no such hub');
  return { HubName_str: hub.name };
}

/** What is so already may be repeated. */
function refuseSwitch(call: HubCall, online: boolean | undefined): void {
  if (online === undefined || online === call.hub.online) return;
  refuseHubAdmin(call, online ? 'no_online' : 'no_offline');
}

function readKind(type: number): HubKind {
  if (type === hubTypes.static) return 'static';
  if (type === hubTypes.dynamic) return 'dynamic';
  throw new AdminError(errorCode.invalidParameter, 'HubType_u32 is neither 1 nor 2');
}

/** Limits are kept in shards (ADR 0013): one nothing could reach would be spread over millions. */
function readMaxSession(fields: Fields): number | undefined {
  const maxSession = fields.number('MaxSession_u32');
  if (maxSession === undefined || maxSession <= sessionsMax) return maxSession;
  const reason = `MaxSession_u32 is more than ${sessionsMax}; 0 is without a limit`;
  throw new AdminError(errorCode.invalidParameter, reason);
}

/** Ours: SoftEther has no such setting of a hub, and ignores fields it does not know. */
function readSessionTimeout(fields: Fields): number | undefined {
  const timeoutMs = fields.number('SessionTimeoutMs_u32');
  if (timeoutMs === undefined) return undefined;
  if (timeoutMs >= sessionTimeoutMsMin && timeoutMs <= sessionTimeoutMsMax) return timeoutMs;
  throw new AdminError(
    errorCode.invalidParameter,
    `SessionTimeoutMs_u32 is not between ${sessionTimeoutMsMin} and ${sessionTimeoutMsMax}`,
  );
}

/** Hashes are as good as passwords: they never come out, and zeros stand for them. */
function described(hub: Hub): RpcObject {
  return {
    HubName_str: hub.name,
    HubType_u32: hubTypes[hub.kind],
    Online_bool: hub.online,
    MaxSession_u32: hub.maxSession,
    SessionTimeoutMs_u32: hub.sessionTimeoutMs,
    NoEnum_bool: hub.noEnum,
    AdminPasswordPlainText_str: '',
    HashedPassword_bin: withheld(sha0Bytes),
    SecurePassword_bin: withheld(sha0Bytes),
  };
}

function withoutPassword(hub: Hub): Hub {
  const { sealedPassword: _password, sealedSecurePassword: _secure, ...rest } = hub;
  return rest;
}

/** A refused creation may be the repetition of our own that was written (ADR 0001). */
function isOurs(stored: Hub | undefined, created: Hub): boolean {
  return (
    stored?.version === created.version &&
    stored.createdMs === created.createdMs &&
    nameKey(stored.name) === nameKey(created.name) &&
    Buffer.from(stored.sealedPassword ?? []).equals(created.sealedPassword ?? Buffer.alloc(0))
  );
}

function hubExists(): AdminError {
  return new AdminError(errorCode.hubExists, 'a hub of this name exists');
}
