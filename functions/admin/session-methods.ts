import type { HubName } from '#shared/kernel/ids.ts';
import { errorCode } from '#shared/wire/error-code.ts';
import type { Member } from '../store/member-store.ts';
import type { SessionRecord } from '../store/session-store.ts';
import { AdminError } from './admin-error.ts';
import { Fleet } from './fleet.ts';
import type { AdminPorts, HubCall } from './method.ts';
import { nameCharsMax } from './names.ts';
import { order } from './orders.ts';
import { type RpcObject, timeText, zeros } from './rpc-object.ts';

/** A session and the live member it runs on. */
export interface LiveSession {
  readonly session: SessionRecord;
  readonly member: Member;
}

/** The sessions of a hub, those of dead members left out. */
export async function* liveSessions(
  ports: AdminPorts,
  fleet: Fleet,
  hub: HubName,
): AsyncGenerator<LiveSession> {
  for await (const session of ports.stores.sessions.list(hub)) {
    const member = fleet.memberOf(session);
    if (member !== undefined) yield { session, member };
  }
}

/** The session `Name_str` of a hub. @throws {AdminError} 38 unnamed, 29 unknown or dead. */
export async function namedSession({ ports, fields, hub }: HubCall): Promise<LiveSession> {
  const name = fields.text('Name_str', nameCharsMax) ?? '';
  if (name === '') throw new AdminError(errorCode.invalidParameter, 'Name_str is empty');
  const session = await ports.stores.sessions.get(hub.name, name);
  const member = session && (await Fleet.load(ports)).memberOf(session);
  if (session === undefined || member === undefined) {
    throw new AdminError(errorCode.objectNotFound, 'no such session');
  }
  return { session, member };
}

export async function enumSession({ ports, hub }: HubCall): Promise<RpcObject> {
  const fleet = await Fleet.load(ports);
  const list: RpcObject[] = [];
  for await (const live of liveSessions(ports, fleet, hub.name)) list.push(listed(live));
  return { HubName_str: hub.name, SessionList: list };
}

/** Ask the member to end a session, orderly; it is gone after its next heartbeat. */
export async function deleteSession(call: HubCall): Promise<RpcObject> {
  const { session, member } = await namedSession(call);
  await order(call.ports, [member.memberId], {
    kind: 'disconnect',
    hub: call.hub.name,
    session: session.name,
  });
  return { HubName_str: call.hub.name, Name_str: session.name };
}

/** What members do not report. */
const unreported = zeros([
  'PacketSize_u64',
  'PacketNum_u64',
  'LinkMode_bool',
  'SecureNATMode_bool',
  'BridgeMode_bool', // a local bridge's own session
  'Layer3Mode_bool',
  'VLanId_u32',
  'IsDormantEnabled_bool',
  'IsDormant_bool',
  'LastCommDormant_dt',
]);

function listed({ session, member }: LiveSession): RpcObject {
  return {
    ...unreported,
    Name_str: session.name,
    Username_str: session.user,
    Ip_ip: addressOrZero(session.clientAddress),
    ClientIP_ip: addressOrZero(session.clientAddress),
    Hostname_str: session.clientHostname,
    MaxNumTcp_u32: session.maxConnections,
    CurrentNumTcp_u32: 1, // a session has at least one; members do not report how many
    RemoteSession_bool: true,
    RemoteHostname_str: member.address,
    Client_BridgeMode_bool: session.bridge,
    Client_MonitorMode_bool: session.monitor,
    UniqueId_bin: Buffer.from(session.uniqueId, 'hex').toString('base64'),
    CreatedTime_dt: timeText(session.openedMs),
    LastCommTime_dt: timeText(session.openedMs),
    // Ours beside SoftEther's: which member, by its id.
    MemberId_str: member.memberId,
  };
}

/** `_ip` holds IPv4; what is not shows as none. */
export function addressOrZero(address: string): string {
  const text = address.replace(/^::ffff:/i, '');
  return /^\d{1,3}(\.\d{1,3}){3}$/.test(text) ? text : '0.0.0.0';
}
