import assert from 'node:assert/strict';
import { test } from 'node:test';
import { policyFields } from '#shared/wire/policy.ts';
import { AdminRig } from './rig.ts';

/**
 * The fields a genuine 5.01 controller answers with, read off its answers (protocol/07 §5), and
 * ours beside them. Tools look fields up by name: none may be missing, none named otherwise.
 */
const traffic = 'Recv Send'
  .split(' ')
  .flatMap((way) => [
    `${way}.BroadcastBytes_u64`,
    `${way}.BroadcastCount_u64`,
    `${way}.UnicastBytes_u64`,
    `${way}.UnicastCount_u64`,
  ]);
const trafficInList = traffic.map((name) => `Ex.${name}`);
const policy = [
  ...policyFields.map(
    ({ wireName, kind }) => `policy:${wireName}_${kind === 'int' ? 'u32' : kind}`,
  ),
  'policy:Ver3_bool',
];
const words = (...lines: string[]) => lines.flatMap((line) => line.split(' '));
const hub = words(
  'HubName_str HashedPassword_bin SecurePassword_bin Online_bool AdminPasswordPlainText_str',
  'MaxSession_u32 NoEnum_bool HubType_u32',
);
const user = [
  ...words('HubName_str Name_str GroupName_str Realname_utf Note_utf CreatedTime_dt'),
  ...words('UpdatedTime_dt ExpireTime_dt AuthType_u32 NumLogin_u32'),
  ...traffic,
];
const passwordUser = [...user, 'HashedKey_bin', 'NtLmSecureHash_bin'];
const farmEntry = words(
  'Id_u32 Controller_bool ConnectedTime_dt Ip_ip Hostname_str Point_u32 NumSessions_u32',
  'NumTcpConnections_u32',
);
const farmInfo = [...farmEntry, ...words('Ports_u32 ServerCert_bin HubsList Weight_u32')];
const farmMember = [
  ...farmEntry,
  ...words('NumHubs_u32 AssignedClientLicense_u32 AssignedBridgeLicense_u32'),
];

async function cluster(): Promise<AdminRig> {
  const rig = new AdminRig();
  await rig.createHub('Hub', 2, 'p');
  const session = await rig.join('i-1');
  await rig.openSession('Hub', 'SID-1', session);
  const one = { HubName_str: 'Hub', Name_str: 'one', AuthType_u32: 1, Auth_Password_str: 'x' };
  await rig.call('CreateUser', one);
  await rig.call('CreateUser', {
    HubName_str: 'Hub',
    Name_str: 'two',
    AuthType_u32: 0,
    UsePolicy_bool: true,
  });
  return rig;
}

async function fieldsOf(method: string, params: object, list?: string, at = 0): Promise<string[]> {
  const result = await (await cluster()).call(method, params);
  assert.equal(result.error, undefined, `${method}: ${result.error}`);
  if (list === undefined) return Object.keys(result);
  return Object.keys(result[list][at]);
}

const named = { HubName_str: 'Hub', Name_str: 'one' };
const hubOurs = words('SessionTimeoutMs_u32');

const answers: readonly {
  readonly method: string;
  readonly params?: object;
  /** Look at an entry of this list. */
  readonly list?: string;
  readonly at?: number;
  readonly genuine: readonly string[];
  readonly ours?: readonly string[];
}[] = [
  { method: 'Test', genuine: words('IntValue_u32 Int64Value_u64 StrValue_str UniStrValue_utf') },
  {
    method: 'GetServerInfo',
    genuine: words(
      'ServerProductName_str ServerVersionString_str ServerBuildInfoString_str ServerVerInt_u32',
      'ServerBuildInt_u32 ServerHostName_str ServerType_u32 ServerBuildDate_dt',
      'ServerFamilyName_str OsType_u32 OsServicePack_u32 OsSystemName_str OsProductName_str',
      'OsVendorName_str OsVersion_str KernelName_str KernelVersion_str',
    ),
  },
  {
    method: 'GetServerStatus',
    genuine: [
      ...words(
        'ServerType_u32 NumHubTotal_u32 NumHubStandalone_u32 NumHubStatic_u32 NumHubDynamic_u32',
        'NumSessionsTotal_u32 NumSessionsLocal_u32 NumSessionsRemote_u32 NumTcpConnections_u32',
        'NumTcpConnectionsLocal_u32 NumTcpConnectionsRemote_u32 NumMacTables_u32',
        'NumIpTables_u32 NumUsers_u32 NumGroups_u32 CurrentTime_dt CurrentTick_u64',
        'AssignedBridgeLicenses_u32 AssignedClientLicenses_u32',
        'AssignedBridgeLicensesTotal_u32 AssignedClientLicensesTotal_u32 StartTime_dt',
        'TotalMemory_u64 UsedMemory_u64 FreeMemory_u64 TotalPhys_u64 UsedPhys_u64 FreePhys_u64',
      ),
      ...traffic,
    ],
  },
  {
    method: 'SetServerPassword',
    params: { PlainTextPassword_str: 'x' },
    genuine: words('HashedPassword_bin PlainTextPassword_str'),
  },
  {
    method: 'GetFarmSetting',
    genuine: words(
      'ServerType_u32 PublicIp_ip ControllerName_str ControllerPort_u32 MemberPassword_bin',
      'MemberPasswordPlaintext_str Weight_u32 ControllerOnly_bool Ports_u32',
    ),
  },
  { method: 'EnumFarmMember', list: 'FarmMemberList', genuine: farmMember },
  {
    method: 'EnumFarmMember',
    list: 'FarmMemberList',
    at: 1,
    genuine: farmMember,
    ours: words(
      'MemberId_str Port_u32 State_str LeaseExpires_dt Weight_u32 Capacity_u32 NumReserved_u32',
      'LeaseAgeMs_u64 LeaseLeftMs_u64 Suspected_bool SuspectedTime_dt NumUnredeemed_u32',
      'Version_str',
    ),
  },
  {
    method: 'CreateHub',
    params: { HubName_str: 'New', HubType_u32: 1 },
    genuine: hub,
    ours: hubOurs,
  },
  { method: 'SetHub', params: named, genuine: hub, ours: hubOurs },
  { method: 'GetHub', params: named, genuine: hub, ours: hubOurs },
  {
    method: 'EnumHub',
    list: 'HubList',
    genuine: [
      ...words(
        'HubName_str Online_bool HubType_u32 NumSessions_u32 NumUsers_u32 NumGroups_u32',
        'NumMacTables_u32 NumIpTables_u32 LastCommTime_dt CreatedTime_dt LastLoginTime_dt',
        'NumLogin_u32 IsTrafficFilled_bool',
      ),
      ...trafficInList,
    ],
  },
  { method: 'DeleteHub', params: named, genuine: ['HubName_str'] },
  {
    method: 'SetHubOnline',
    params: { ...named, Online_bool: true },
    genuine: words('HubName_str Online_bool'),
  },
  {
    method: 'GetHubStatus',
    params: named,
    genuine: [
      ...words(
        'HubName_str Online_bool HubType_u32 NumSessions_u32 NumSessionsClient_u32',
        'NumSessionsBridge_u32 NumAccessLists_u32 NumUsers_u32 NumGroups_u32 NumMacTables_u32',
        'NumIpTables_u32 SecureNATEnabled_bool LastCommTime_dt CreatedTime_dt LastLoginTime_dt',
        'NumLogin_u32',
      ),
      ...traffic,
    ],
  },
  {
    method: 'CreateUser',
    params: { HubName_str: 'Hub', Name_str: 'new', AuthType_u32: 0 },
    genuine: user,
  },
  { method: 'SetUser', params: { ...named, AuthType_u32: 1 }, genuine: passwordUser },
  { method: 'GetUser', params: named, genuine: passwordUser },
  {
    method: 'GetUser',
    params: { HubName_str: 'Hub', Name_str: 'two' },
    genuine: [...user, 'UsePolicy_bool', ...policy],
  },
  { method: 'DeleteUser', params: named, genuine: words('HubName_str Name_str') },
  {
    method: 'EnumUser',
    params: named,
    list: 'UserList',
    genuine: [
      ...words(
        'Name_str GroupName_str Realname_utf Note_utf AuthType_u32 LastLoginTime_dt NumLogin_u32',
        'DenyAccess_bool IsTrafficFilled_bool IsExpiresFilled_bool Expires_dt',
      ),
      ...trafficInList,
    ],
  },
  {
    method: 'EnumSession',
    params: named,
    list: 'SessionList',
    genuine: words(
      'Name_str Username_str Ip_ip ClientIP_ip Hostname_str MaxNumTcp_u32 CurrentNumTcp_u32',
      'PacketSize_u64 PacketNum_u64 RemoteSession_bool RemoteHostname_str LinkMode_bool',
      'SecureNATMode_bool BridgeMode_bool Layer3Mode_bool Client_BridgeMode_bool',
      'Client_MonitorMode_bool VLanId_u32 UniqueId_bin IsDormantEnabled_bool IsDormant_bool',
      'LastCommDormant_dt CreatedTime_dt LastCommTime_dt',
    ),
    ours: ['MemberId_str'],
  },
  {
    method: 'GetSessionStatus',
    params: { HubName_str: 'Hub', Name_str: 'SID-1' },
    genuine: [
      ...words(
        'HubName_str Name_str Username_str GroupName_str RealUsername_str',
        'SessionStatus_ClientIp_ip SessionStatus_ClientIp6_bin SessionStatus_ClientHostName_str',
        'Client_Ip_Address_ip AccountName_utf ServerName_str ServerProductName_str',
        'ProtocolVersion_str CipherName_str SessionName_str ConnectionName_str SessionKey_bin',
        'Active_bool Connected_bool SessionStatus_u32 ServerPort_u32 ServerProductVer_u32',
        'ServerProductBuild_u32 NumConnectionsEstablished_u32 HalfConnection_bool QoS_bool',
        'MaxTcpConnections_u32 NumTcpConnections_u32 NumTcpConnectionsUpload_u32',
        'NumTcpConnectionsDownload_u32 UseEncrypt_bool UseCompress_bool IsRUDPSession_bool',
        'UnderlayProtocol_str ProtocolDetails_str IsUdpAccelerationEnabled_bool',
        'IsUsingUdpAcceleration_bool IsBridgeMode_bool IsMonitorMode_bool StartTime_dt',
        'FirstConnectionEstablisiedTime_dt CurrentConnectionEstablishTime_dt',
        'TotalSendSize_u64 TotalRecvSize_u64 TotalSendSizeReal_u64 TotalRecvSizeReal_u64',
        'VLanId_u32 ServerX_bin ClientX_bin ClientProductName_str ClientOsName_str',
        'ClientOsVer_str ClientOsProductId_str ClientHostname_str ServerHostname_str',
        'ProxyHostname_str UniqueId_bin ClientProductVer_u32 ClientProductBuild_u32',
        'ClientIpAddress_ip ClientIpAddress6_bin ClientPort_u32 ServerIpAddress_ip',
        'ServerIpAddress6_bin ServerPort2_u32 ProxyIpAddress_ip ProxyIpAddress6_bin',
        'ProxyPort_u32',
      ),
      ...policy,
      ...traffic,
    ],
    ours: ['MemberId_str'],
  },
  {
    method: 'DeleteSession',
    params: { ...named, Name_str: 'SID-1' },
    genuine: words('HubName_str Name_str'),
  },
  {
    method: 'GetCaps',
    list: 'CapsList',
    genuine: words('CapsName_str CapsValue_u32 CapsDescrption_utf'),
  },
];

for (const { method, params = {}, list, at, genuine, ours = [] } of answers) {
  const what = list === undefined ? method : `${method} ${list}[${at ?? 0}]`;
  test(`${what}: the fields of a genuine server, by name`, async () => {
    const fields = await fieldsOf(method, params, list, at);
    assert.deepEqual(fields.sort(), [...genuine, ...ours].sort());
  });
}

test('GetFarmInfo: the fields of a genuine server, by name', async () => {
  const rig = await cluster();
  const { FarmMemberList } = await rig.call('EnumFarmMember');
  for (const [at, ours] of [[0, []] as const, [1, ['MemberId_str']] as const]) {
    const info = await rig.call('GetFarmInfo', { Id_u32: FarmMemberList[at].Id_u32 });
    assert.deepEqual(Object.keys(info).sort(), [...farmInfo, ...ours].sort());
  }
});
