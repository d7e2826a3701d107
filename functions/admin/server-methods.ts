import { errorCode } from '#shared/wire/error-code.ts';
import { hashServerPassword } from '#shared/wire/password.ts';
import { sha0Bytes } from '#shared/wire/sha0.ts';
import { sealContext } from '../domain/sealing.ts';
import { AdminError } from './admin-error.ts';
import { countOf, inParallel } from './bounded-parallel.ts';
import { Fleet } from './fleet.ts';
import { readHash } from './hub-password.ts';
import type { AdminCall } from './method.ts';
import { passwordCharsMax } from './names.ts';
import { noTraffic, type RpcObject, timeText, withheld, zeros } from './rpc-object.ts';
import { serverIdentity } from './server-identity.ts';

/** SoftEther's number for a cluster controller, and for Linux. */
const controllerType = 1;
const osTypeLinux = 3_100;

export async function test({ fields }: AdminCall): Promise<RpcObject> {
  const number = fields.number('IntValue_u32') ?? 0;
  return {
    IntValue_u32: number,
    Int64Value_u64: fields.big('Int64Value_u64') ?? 0,
    StrValue_str: String(number), // genuine servers answer the number, whatever was sent
    UniStrValue_utf: fields.text('UniStrValue_utf') ?? '',
  };
}

export async function getServerInfo(): Promise<RpcObject> {
  const { product, family, version, build, hostName, builtMs } = serverIdentity;
  const dotted = `${Math.floor(version / 100)}.${String(version % 100).padStart(2, '0')}`;
  return {
    ServerProductName_str: product,
    ServerVersionString_str: `Version ${dotted} Build ${build} (English)`,
    ServerBuildInfoString_str: 'etherfleet, a serverless controller',
    ServerVerInt_u32: version,
    ServerBuildInt_u32: build,
    ServerHostName_str: hostName,
    ServerType_u32: controllerType,
    ServerBuildDate_dt: timeText(builtMs),
    ServerFamilyName_str: family,
    OsType_u32: osTypeLinux,
    OsServicePack_u32: 0,
    OsSystemName_str: 'Linux',
    OsProductName_str: 'AWS Lambda',
    OsVendorName_str: 'Amazon Web Services',
    OsVersion_str: '',
    KernelName_str: 'Linux',
    KernelVersion_str: '',
  };
}

const unreported = zeros([
  'NumHubStandalone_u32',
  'NumSessionsLocal_u32',
  'NumTcpConnectionsLocal_u32',
  'NumMacTables_u32',
  'NumIpTables_u32',
  'AssignedBridgeLicenses_u32',
  'AssignedClientLicenses_u32',
  'AssignedBridgeLicensesTotal_u32',
  'AssignedClientLicensesTotal_u32',
  'TotalMemory_u64',
  'UsedMemory_u64',
  'FreeMemory_u64',
  'TotalPhys_u64',
  'UsedPhys_u64',
  'FreePhys_u64',
]);

/** Sums over the cluster; sessions and connections as of each member's last heartbeat. */
export async function getServerStatus({ ports }: AdminCall): Promise<RpcObject> {
  const hubs = await inParallel(ports.stores.hubs.list(), async (hub) => ({
    kind: hub.kind,
    users: await countOf(ports.stores.users.list(hub.name)),
    groups: await countOf(ports.stores.groups.list(hub.name)),
  }));
  const members = (await Fleet.load(ports)).live();
  const sessions = sum(members.map((member) => member.sessions));
  const connections = sum(members.map((member) => member.connections));
  const nowMs = ports.clock.nowMs();
  const { createdMs } = await ports.stores.server.firstSeen(nowMs);
  return {
    ...unreported,
    ...noTraffic,
    ServerType_u32: controllerType,
    NumHubTotal_u32: hubs.length,
    NumHubStatic_u32: hubs.filter((hub) => hub.kind === 'static').length,
    NumHubDynamic_u32: hubs.filter((hub) => hub.kind === 'dynamic').length,
    NumSessionsTotal_u32: sessions,
    NumSessionsRemote_u32: sessions,
    NumTcpConnections_u32: connections,
    NumTcpConnectionsRemote_u32: connections,
    NumUsers_u32: sum(hubs.map((hub) => hub.users)),
    NumGroups_u32: sum(hubs.map((hub) => hub.groups)),
    CurrentTime_dt: timeText(nowMs),
    CurrentTick_u64: Math.max(0, nowMs - createdMs),
    StartTime_dt: timeText(createdMs),
  };
}

/** An empty password would open the cluster to everyone: never taken (genuine servers take it). */
export async function setServerPassword({ ports, fields }: AdminCall): Promise<RpcObject> {
  const plain = fields.text('PlainTextPassword_str', passwordCharsMax) ?? '';
  const hash = plain === '' ? readHash(fields, 'HashedPassword_bin') : hashServerPassword(plain);
  if (hash === undefined || hash.equals(hashServerPassword(''))) {
    throw new AdminError(errorCode.invalidParameter, 'the password is empty');
  }
  const sealer = await ports.secrets.sealer();
  await ports.stores.server.setPassword(sealer.seal(hash, sealContext.serverPassword));
  return { HashedPassword_bin: withheld(sha0Bytes), PlainTextPassword_str: '' };
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
