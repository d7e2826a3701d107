import { frameClass } from './frame-class.ts';

/** A hub's options, as far as the switch honours them (protocol/06). */
export interface HubOptions {
  readonly filterPppoe: boolean;
  readonly filterOspf: boolean;
  readonly filterIpV4: boolean;
  readonly filterIpV6: boolean;
  readonly filterNonIp: boolean;
  readonly filterBpdu: boolean;
  readonly noIpTable: boolean;
  readonly noManageVlanId: boolean;
  readonly vlanTypeId: number;
  readonly adjustTcpMssValue: number;
  readonly disableAdjustTcpMss: boolean;
  readonly manageOnlyPrivateIp: boolean;
  readonly manageOnlyLocalUnicastIpV6: boolean;
  readonly applyIpV4AccessListOnArpPacket: boolean;
  readonly dropBroadcastsInPrivacyFilterMode: boolean;
  readonly dropArpInPrivacyFilterMode: boolean;
  readonly allowSameUserInPrivacyFilterMode: boolean;
  readonly noIpV6DefaultRouterInRaWhenIpV6: boolean;
  readonly broadcastStormDetectionThreshold: number;
  readonly broadcastLimiterStrictMode: boolean;
  /** Seconds. */
  readonly detectDormantSessionInterval: number;
  /** Bytes. */
  readonly floodingSendQueueBufferQuota: number;
  readonly maxLoggedPacketsPerMinute: number;
  readonly doNotSaveHeavySecurityLogs: boolean;
  readonly noMacAddressLog: boolean;
  readonly noIpV4PacketLog: boolean;
  readonly noIpV6PacketLog: boolean;
}

/** Those of a hub nobody configured; what the contract between the planes says, too. */
export const plainHubOptions: HubOptions = {
  filterPppoe: false,
  filterOspf: false,
  filterIpV4: false,
  filterIpV6: false,
  filterNonIp: false,
  filterBpdu: false,
  noIpTable: false,
  noManageVlanId: false,
  vlanTypeId: 0x8100,
  adjustTcpMssValue: 0,
  disableAdjustTcpMss: false,
  manageOnlyPrivateIp: true,
  manageOnlyLocalUnicastIpV6: true,
  applyIpV4AccessListOnArpPacket: false,
  dropBroadcastsInPrivacyFilterMode: true,
  dropArpInPrivacyFilterMode: true,
  allowSameUserInPrivacyFilterMode: false,
  noIpV6DefaultRouterInRaWhenIpV6: true,
  broadcastStormDetectionThreshold: 0,
  broadcastLimiterStrictMode: false,
  detectDormantSessionInterval: 0,
  floodingSendQueueBufferQuota: 32 * 1024 * 1024,
  maxLoggedPacketsPerMinute: 0,
  doNotSaveHeavySecurityLogs: false,
  noMacAddressLog: true,
  noIpV4PacketLog: false,
  noIpV6PacketLog: false,
};

/** An address and the bits of it that count, hex. */
export interface MaskedAddress {
  readonly address: string;
  readonly mask: string;
}

export interface PortRange {
  readonly first: number;
  readonly last: number;
}

/** One entry of the access list (protocol/06 §6). What is left out matches anything. */
export interface AccessRule {
  readonly id: number;
  readonly active?: boolean | undefined;
  readonly priority: number;
  readonly discard: boolean;
  readonly ipVersion: 4 | 6;
  readonly source?: MaskedAddress | undefined;
  readonly destination?: MaskedAddress | undefined;
  readonly protocol?: number | undefined;
  readonly sourcePorts?: PortRange | undefined;
  readonly destinationPorts?: PortRange | undefined;
  /** A user's or a group's name; `@name` a group's only. */
  readonly sourceUser?: string | undefined;
  readonly destinationUser?: string | undefined;
  readonly sourceMac?: MaskedAddress | undefined;
  readonly destinationMac?: MaskedAddress | undefined;
  readonly tcpState?: 'opening' | 'established' | undefined;
  readonly delayMs?: number | undefined;
  readonly jitterPercent?: number | undefined;
  readonly lossPercent?: number | undefined;
  readonly redirectUrl?: string | undefined;
}

export type PacketLogKind =
  | 'tcpConnection'
  | 'tcp'
  | 'dhcp'
  | 'udp'
  | 'icmp'
  | 'ip'
  | 'arp'
  | 'ethernet';
export type PacketLogLevel = 'none' | 'header' | 'payload';

/** What a hub instance does beyond plain bridging. */
export interface HubRules {
  readonly options?: HubOptions | undefined;
  readonly accessRules?: readonly AccessRule[] | undefined;
  readonly log?:
    | {
        readonly security: boolean;
        readonly packets: Readonly<Partial<Record<PacketLogKind, PacketLogLevel>>>;
      }
    | undefined;
}

/** The classes of frames a hub lets nobody send. */
export function hubMaskOf(options: HubOptions): number {
  return (
    (options.filterPppoe ? frameClass.pppoe : 0) |
    (options.filterOspf ? frameClass.ospf : 0) |
    (options.filterIpV4 ? frameClass.ip4 : 0) |
    (options.filterIpV6 ? frameClass.ip6 : 0) |
    (options.filterNonIp ? frameClass.nonIp : 0) |
    (options.filterBpdu ? frameClass.bpdu : 0)
  );
}
