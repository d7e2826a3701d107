import type { Pack } from './pack.ts';

/** What a session may do (`protocol/05` §1, enforced as `protocol/06` §4 says). 0: unlimited. */
export interface Policy {
  readonly access: boolean;
  readonly dhcpFilter: boolean;
  readonly dhcpNoServer: boolean;
  readonly dhcpForce: boolean;
  readonly noBridge: boolean;
  readonly noRouting: boolean;
  readonly privacyFilter: boolean;
  readonly noServer: boolean;
  readonly checkMac: boolean;
  readonly checkIp: boolean;
  readonly arpDhcpOnly: boolean;
  readonly monitorPort: boolean;
  readonly noBroadcastLimiter: boolean;
  readonly fixPassword: boolean;
  readonly noQos: boolean;
  readonly rsAndRaFilter: boolean;
  readonly raFilter: boolean;
  readonly dhcpV6Filter: boolean;
  readonly dhcpV6NoServer: boolean;
  readonly noRoutingV6: boolean;
  readonly checkIpV6: boolean;
  readonly noServerV6: boolean;
  readonly noSavePassword: boolean;
  readonly filterIpV4: boolean;
  readonly filterIpV6: boolean;
  readonly filterNonIp: boolean;
  readonly noIpV6DefaultRouterInRa: boolean;
  readonly noIpV6DefaultRouterInRaWhenIpV6: boolean;
  /** TCP connections of a session, 1..32. */
  readonly maxConnection: number;
  /** Session timeout in seconds, 5..60. */
  readonly timeoutSec: number;
  readonly maxMac: number;
  readonly maxIp: number;
  readonly maxUploadBps: number;
  readonly maxDownloadBps: number;
  /** Sessions of one user at the same time. */
  readonly multiLogins: number;
  readonly maxIpV6: number;
  readonly autoDisconnectSec: number;
  /** 1..4095; 0: none. */
  readonly vlanId: number;
}

/** The 39th element, `Ver3`, says only that the later fields are there; it is always written. */
const versionFlag = 'Ver3';

export interface PolicyField {
  readonly field: keyof Policy;
  /** The name on the wire, after `policy:`. */
  readonly wireName: string;
  readonly kind: 'bool' | 'int';
}

const boolNames = {
  access: 'Access',
  dhcpFilter: 'DHCPFilter',
  dhcpNoServer: 'DHCPNoServer',
  dhcpForce: 'DHCPForce',
  noBridge: 'NoBridge',
  noRouting: 'NoRouting',
  privacyFilter: 'PrivacyFilter',
  noServer: 'NoServer',
  checkMac: 'CheckMac',
  checkIp: 'CheckIP',
  arpDhcpOnly: 'ArpDhcpOnly',
  monitorPort: 'MonitorPort',
  noBroadcastLimiter: 'NoBroadcastLimiter',
  fixPassword: 'FixPassword',
  noQos: 'NoQoS',
  rsAndRaFilter: 'RSandRAFilter',
  raFilter: 'RAFilter',
  dhcpV6Filter: 'DHCPv6Filter',
  dhcpV6NoServer: 'DHCPv6NoServer',
  noRoutingV6: 'NoRoutingV6',
  checkIpV6: 'CheckIPv6',
  noServerV6: 'NoServerV6',
  noSavePassword: 'NoSavePassword',
  filterIpV4: 'FilterIPv4',
  filterIpV6: 'FilterIPv6',
  filterNonIp: 'FilterNonIP',
  noIpV6DefaultRouterInRa: 'NoIPv6DefaultRouterInRA',
  noIpV6DefaultRouterInRaWhenIpV6: 'NoIPv6DefaultRouterInRAWhenIPv6',
} as const satisfies Record<FieldsOf<boolean>, string>;

const intNames = {
  maxConnection: 'MaxConnection',
  timeoutSec: 'TimeOut',
  maxMac: 'MaxMac',
  maxIp: 'MaxIP',
  maxUploadBps: 'MaxUpload',
  maxDownloadBps: 'MaxDownload',
  multiLogins: 'MultiLogins',
  maxIpV6: 'MaxIPv6',
  autoDisconnectSec: 'AutoDisconnect',
  vlanId: 'VLanId',
} as const satisfies Record<FieldsOf<number>, string>;

type FieldsOf<T> = {
  [Field in keyof Policy]: Policy[Field] extends T ? Field : never;
}[keyof Policy];

/** Field by field: for PACK, JSON-RPC (`policy:Access_bool`) and consoles alike. */
export const policyFields: readonly PolicyField[] = [
  ...fieldsOf(boolNames, 'bool'),
  ...fieldsOf(intNames, 'int'),
];

/** What a user without a policy of its own gets. */
export const defaultPolicy: Policy = {
  ...(allOf(boolNames, false) as Pick<Policy, FieldsOf<boolean>>),
  ...(allOf(intNames, 0) as Pick<Policy, FieldsOf<number>>),
  access: true,
  maxConnection: 32,
  timeoutSec: 20,
};

export function writePolicy(pack: Pack, policy: Policy): Pack {
  for (const { field, wireName } of policyFields) {
    pack.setInt(`policy:${wireName}`, Number(policy[field]));
  }
  return pack.setBool(`policy:${versionFlag}`, true);
}

/** What is missing reads as off and 0, as in genuine programs. */
export function readPolicy(pack: Pack): Policy {
  const policy = Object.fromEntries(
    policyFields.map(({ field, wireName, kind }) => {
      const value = pack.int(`policy:${wireName}`);
      return [field, kind === 'bool' ? value !== 0 : value];
    }),
  );
  return policy as unknown as Policy;
}

function fieldsOf(names: Readonly<Record<string, string>>, kind: 'bool' | 'int'): PolicyField[] {
  return Object.entries(names).map(([field, wireName]) => ({
    field: field as keyof Policy,
    wireName,
    kind,
  }));
}

function allOf(names: Readonly<Record<string, string>>, value: boolean | number): unknown {
  return Object.fromEntries(Object.keys(names).map((field) => [field, value]));
}
