import { nameKey } from '#shared/kernel/ids.ts';
import { errorCode } from '#shared/wire/error-code.ts';
import { AdminError } from './admin-error.ts';
import { refuseHubAdmin } from './hub-admin-option-methods.ts';
import type { RpcRequest } from './json-rpc.ts';
import type { Admin, AdminCall, AdminMethod, AdminPorts, HubCall } from './method.ts';
import { methods } from './methods.ts';
import { nameCharsMax, validHubName } from './names.ts';
import type { RpcObject } from './rpc-object.ts';

/** Who sent a request, from where. */
export interface Caller {
  readonly admin: Admin;
  readonly sourceAddress: string;
}

/** Method names have no case, as in genuine servers. */
const methodsByKey: ReadonlyMap<string, readonly [name: string, method: AdminMethod]> = new Map(
  Object.entries(methods).map(([name, method]) => [name.toLowerCase(), [name, method]]),
);

/**
 * Authorise and carry out one call; every change and every refusal is logged with who asked.
 * @throws {AdminError} for what the caller is refused.
 */
export async function dispatch(
  request: RpcRequest,
  caller: Caller,
  ports: AdminPorts,
): Promise<RpcObject> {
  const [name, method] = methodsByKey.get(request.method.toLowerCase()) ?? [];
  const facts = {
    admin: caller.admin.kind === 'server' ? 'server' : `hub ${caller.admin.hub}`,
    sourceAddress: caller.sourceAddress,
    ...namesIn(request),
  };
  try {
    if (name === undefined || method === undefined) {
      throw new AdminError(errorCode.notSupported, 'no such method');
    }
    const result = await run(method, { ports, admin: caller.admin, fields: request.fields });
    if (method.changes) ports.log.info(`admin.${name}`, facts);
    return result;
  } catch (error) {
    if (error instanceof AdminError) {
      const { code, reason } = error;
      const called = name ?? request.method.slice(0, nameCharsMax);
      ports.log.warn('admin.refused', { method: called, code, reason, ...facts });
    }
    throw error;
  }
}

async function run(method: AdminMethod, call: AdminCall): Promise<RpcObject> {
  switch (method.auth) {
    case 'any':
      return method.run(call);
    case 'server':
      if (call.admin.kind !== 'server') throw notEnoughRight();
      return method.run(call);
    case 'hub': {
      const ofHub = await hubCall(call);
      if (method.barredBy !== undefined) refuseHubAdmin(ofHub, method.barredBy);
      return method.run(ofHub);
    }
  }
}

async function hubCall(call: AdminCall): Promise<HubCall> {
  const given = call.fields.text('HubName_str', nameCharsMax) ?? '';
  if (given.trim() === '') {
    throw new AdminError(errorCode.invalidParameter, 'HubName_str is empty');
  }
  const { admin } = call;
  if (admin.kind === 'hub' && nameKey(given.trim()) !== nameKey(admin.hub)) {
    throw notEnoughRight();
  }
  const hub = await call.ports.stores.hubs.get(validHubName(given));
  if (hub === undefined) throw new AdminError(errorCode.hubNotFound, 'no such hub');
  return { ...call, hub };
}

function notEnoughRight(): AdminError {
  return new AdminError(errorCode.notEnoughRight, 'not for this administrator');
}

/** What the call is about: names only, never a value that could be secret. */
function namesIn({ fields }: RpcRequest): { hub?: string; object?: string } {
  const hub = textOr(fields, 'HubName_str');
  const object = textOr(fields, 'Name_str') ?? textOr(fields, 'MemberId_str');
  return { ...(hub !== undefined && { hub }), ...(object !== undefined && { object }) };
}

function textOr(fields: RpcRequest['fields'], name: string): string | undefined {
  try {
    return fields.text(name, nameCharsMax);
  } catch {
    return undefined; // refused with its own error where the method reads it
  }
}
