import { defaultPolicy } from '#shared/wire/policy.ts';
import type { HubCall } from './method.ts';
import { writePolicyFields } from './policy-fields.ts';
import { noTraffic, type RpcObject, timeText, withheld, zeros } from './rpc-object.ts';
import { serverIdentity } from './server-identity.ts';
import { addressOrZero, namedSession } from './session-methods.ts';

/** SoftEther's session states: established. */
const established = 3;
const sessionKeyBytes = 20;
const address6Bytes = 16;

/** Fields members do not report or that mean nothing here (protocol/07 §5, GetSessionStatus). */
const unreported = zeros(
  [
    'AccountName_utf ProtocolVersion_str CipherName_str',
    'ConnectionName_str HalfConnection_bool QoS_bool',
    'NumTcpConnectionsUpload_u32 NumTcpConnectionsDownload_u32',
    'UseCompress_bool IsRUDPSession_bool UnderlayProtocol_str ProtocolDetails_str',
    'IsUdpAccelerationEnabled_bool IsUsingUdpAcceleration_bool TotalSendSize_u64',
    'TotalRecvSize_u64 TotalSendSizeReal_u64 TotalRecvSizeReal_u64 VLanId_u32 ServerX_bin',
    'ClientX_bin ClientOsName_str ClientOsVer_str ClientOsProductId_str ProxyHostname_str',
    'ClientProductVer_u32 ClientProductBuild_u32 ClientPort_u32',
    'ProxyIpAddress_ip ProxyPort_u32',
  ].flatMap((line) => line.split(' ')),
);

export async function getSessionStatus(call: HubCall): Promise<RpcObject> {
  const { session, member } = await namedSession(call);
  const { groups, users } = call.ports.stores;
  const user = await users.get(call.hub.name, session.user);
  const group = user?.groupName ? await groups.get(call.hub.name, user.groupName) : undefined;
  const clientIp = addressOrZero(session.clientAddress);
  const opened = timeText(session.openedMs);
  return {
    ...unreported,
    ...noTraffic,
    ...writePolicyFields(user?.policy ?? group?.policy ?? defaultPolicy), // as it is now
    HubName_str: call.hub.name,
    Name_str: session.name,
    Username_str: session.user,
    RealUsername_str: session.user,
    GroupName_str: user?.groupName ?? '',
    SessionStatus_ClientIp_ip: clientIp,
    SessionStatus_ClientIp6_bin: withheld(address6Bytes),
    SessionStatus_ClientHostName_str: session.clientHostname,
    Client_Ip_Address_ip: clientIp,
    ServerName_str: member.address,
    ServerPort_u32: member.ports[0] ?? 0,
    ServerProductName_str: serverIdentity.product,
    ServerProductVer_u32: serverIdentity.version,
    ServerProductBuild_u32: serverIdentity.build,
    SessionName_str: session.name,
    SessionKey_bin: withheld(sessionKeyBytes), // whoever holds it may join the session
    Active_bool: true,
    Connected_bool: true,
    SessionStatus_u32: established,
    NumConnectionsEstablished_u32: 1,
    NumTcpConnections_u32: 1, // as in EnumSession
    MaxTcpConnections_u32: session.maxConnections,
    UseEncrypt_bool: true, // ADR 0008
    IsBridgeMode_bool: session.bridge,
    IsMonitorMode_bool: session.monitor,
    StartTime_dt: opened,
    FirstConnectionEstablisiedTime_dt: opened,
    CurrentConnectionEstablishTime_dt: opened,
    ClientProductName_str: session.clientName,
    ClientHostname_str: session.clientHostname,
    ClientIpAddress_ip: clientIp,
    ClientIpAddress6_bin: withheld(address6Bytes),
    ServerHostname_str: member.address,
    ServerIpAddress_ip: addressOrZero(member.address),
    ServerIpAddress6_bin: withheld(address6Bytes),
    ServerPort2_u32: member.ports[0] ?? 0,
    ProxyIpAddress6_bin: withheld(address6Bytes),
    UniqueId_bin: Buffer.from(session.uniqueId, 'hex').toString('base64'),
    MemberId_str: member.memberId,
  };
}
