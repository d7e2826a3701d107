import * as z from 'zod';

const flag = (value = false) => z.boolean().default(value);
const number = (value = 0, max = 0xffff_ffff) => z.number().int().min(0).max(max).default(value);

/**
 * The hub's extended options that a member honours (protocol/06). What is left out takes the
 * default, which is that of genuine servers.
 */
export const hubOptionsSchema = z.object({
  filterPppoe: flag(),
  filterOspf: flag(),
  filterIpV4: flag(),
  filterIpV6: flag(),
  filterNonIp: flag(),
  filterBpdu: flag(),
  /** Neither IP table nor what depends on it. */
  noIpTable: flag(),
  /** One MAC table for all VLANs. */
  noManageVlanId: flag(),
  /** Ethernet type of VLAN tags. */
  vlanTypeId: number(0x8100, 0xffff),
  /** Upper bound of the MSS in TCP segments that open a connection; 0: as they are. */
  adjustTcpMssValue: number(),
  disableAdjustTcpMss: flag(),
  /** Only private IPv4 addresses, only local IPv6 addresses are kept in the IP table. */
  manageOnlyPrivateIp: flag(true),
  manageOnlyLocalUnicastIpV6: flag(true),
  applyIpV4AccessListOnArpPacket: flag(),
  dropBroadcastsInPrivacyFilterMode: flag(true),
  dropArpInPrivacyFilterMode: flag(true),
  allowSameUserInPrivacyFilterMode: flag(),
  noIpV6DefaultRouterInRaWhenIpV6: flag(true),
  /** Flooded frames a second that begin a storm; 0: 32. */
  broadcastStormDetectionThreshold: number(),
  broadcastLimiterStrictMode: flag(),
  /** Seconds after which a session that sends nothing is not flooded to; 0: never. */
  detectDormantSessionInterval: number(),
  /** Bytes queued on the member beyond which nothing is flooded to sessions; 0: no bound. */
  floodingSendQueueBufferQuota: number(32 * 1024 * 1024),
  /** Of each session; 0: no other bound than the member's. */
  maxLoggedPacketsPerMinute: number(),
  /** Nothing in the security log that traffic alone brings about. */
  doNotSaveHeavySecurityLogs: flag(),
  noMacAddressLog: flag(true),
  noIpV4PacketLog: flag(),
  noIpV6PacketLog: flag(),
});
export type HubOptions = Readonly<z.infer<typeof hubOptionsSchema>>;

export const defaultHubOptions: HubOptions = hubOptionsSchema.parse({});

/** Names in `GetHubExtOptions` and `SetHubExtOptions`, where every value is a number. */
export const hubOptionWireNames: Readonly<Record<keyof HubOptions, string>> = {
  filterPppoe: 'FilterPPPoE',
  filterOspf: 'FilterOSPF',
  filterIpV4: 'FilterIPv4',
  filterIpV6: 'FilterIPv6',
  filterNonIp: 'FilterNonIP',
  filterBpdu: 'FilterBPDU',
  noIpTable: 'NoIpTable',
  noManageVlanId: 'NoManageVlanId',
  vlanTypeId: 'VlanTypeId',
  adjustTcpMssValue: 'AdjustTcpMssValue',
  disableAdjustTcpMss: 'DisableAdjustTcpMss',
  manageOnlyPrivateIp: 'ManageOnlyPrivateIP',
  manageOnlyLocalUnicastIpV6: 'ManageOnlyLocalUnicastIPv6',
  applyIpV4AccessListOnArpPacket: 'ApplyIPv4AccessListOnArpPacket',
  dropBroadcastsInPrivacyFilterMode: 'DropBroadcastsInPrivacyFilterMode',
  dropArpInPrivacyFilterMode: 'DropArpInPrivacyFilterMode',
  allowSameUserInPrivacyFilterMode: 'AllowSameUserInPrivacyFilterMode',
  noIpV6DefaultRouterInRaWhenIpV6: 'NoIPv6DefaultRouterInRAWhenIPv6',
  broadcastStormDetectionThreshold: 'BroadcastStormDetectionThreshold',
  broadcastLimiterStrictMode: 'BroadcastLimiterStrictMode',
  detectDormantSessionInterval: 'DetectDormantSessionInterval',
  floodingSendQueueBufferQuota: 'FloodingSendQueueBufferQuota',
  maxLoggedPacketsPerMinute: 'MaxLoggedPacketsPerMinute',
  doNotSaveHeavySecurityLogs: 'DoNotSaveHeavySecurityLogs',
  noMacAddressLog: 'NoMacAddressLog',
  noIpV4PacketLog: 'NoIPv4PacketLog',
  noIpV6PacketLog: 'NoIPv6PacketLog',
};

/** Kinds of packets a hub may log, in the order of `PacketLogConfig_u32`. */
export const packetLogKinds = [
  'tcpConnection',
  'tcp',
  'dhcp',
  'udp',
  'icmp',
  'ip',
  'arp',
  'ethernet',
] as const;

/** How much of a packet is logged, in the order of the numbers in `PacketLogConfig_u32`. */
export const packetLogLevels = ['none', 'header', 'payload'] as const;

/** What a hub logs. Packets are off by default: they are the customer's own business. */
export const hubLogSchema = z.object({
  security: z.boolean().default(true),
  packets: z.partialRecord(z.enum(packetLogKinds), z.enum(packetLogLevels)).default({}),
});
