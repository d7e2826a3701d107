import { frameClass } from './frame-class.ts';

/**
 * What an attachment may send and hear: the parts of a session's policy that the switch enforces
 * (protocol/06 §4). Numbers: 0 means no limit.
 */
export interface PortPolicy {
  readonly noServer: boolean;
  readonly noServerV6: boolean;
  readonly arpDhcpOnly: boolean;
  readonly filterIpV4: boolean;
  readonly filterIpV6: boolean;
  readonly filterNonIp: boolean;
  readonly dhcpFilter: boolean;
  readonly dhcpNoServer: boolean;
  readonly dhcpForce: boolean;
  readonly dhcpV6Filter: boolean;
  readonly dhcpV6NoServer: boolean;
  readonly rsAndRaFilter: boolean;
  readonly raFilter: boolean;
  readonly noIpV6DefaultRouterInRa: boolean;
  readonly noIpV6DefaultRouterInRaWhenIpV6: boolean;
  readonly checkMac: boolean;
  readonly checkIp: boolean;
  readonly checkIpV6: boolean;
  readonly noBridge: boolean;
  readonly noRouting: boolean;
  readonly noRoutingV6: boolean;
  readonly maxMac: number;
  readonly maxIp: number;
  readonly maxIpV6: number;
  readonly privacyFilter: boolean;
  readonly noBroadcastLimiter: boolean;
  readonly maxUploadBps: number;
  readonly maxDownloadBps: number;
  /** 802.1Q VLAN its untagged frames are in, 1..4095; 0: none. */
  readonly vlanId: number;
}

/** Limits no policy can undercut, and those of who may not bridge or route (protocol/06 §1). */
const macsMaxLeast = 3;
const ip4MaxLeast = 4;
const ip6MaxLeast = 5;
const ip6MaxWithoutRouting = 15;

/** How many addresses an attachment may use at a time. */
export interface AddressLimits {
  readonly macsMax: number;
  readonly ip4Max: number;
  readonly ip6Max: number;
}

/** Of an attachment without a policy. */
export const noAddressLimits: AddressLimits = {
  macsMax: Number.POSITIVE_INFINITY,
  ip4Max: Number.POSITIVE_INFINITY,
  ip6Max: Number.POSITIVE_INFINITY,
};

/** protocol/06 §3. */
export function addressLimitsOf(policy: PortPolicy): AddressLimits {
  return {
    macsMax: limit(macsMaxLeast, policy.noBridge ? macsMaxLeast : 0, policy.maxMac),
    ip4Max: limit(ip4MaxLeast, policy.noRouting ? ip4MaxLeast : 0, policy.maxIp),
    ip6Max: limit(ip6MaxLeast, policy.noRoutingV6 ? ip6MaxWithoutRouting : 0, policy.maxIpV6),
  };
}

/** max(least, min(a or none, b or none)), where 0 is none. */
function limit(least: number, a: number, b: number): number {
  const none = Number.POSITIVE_INFINITY;
  return Math.max(least, Math.min(a === 0 ? none : a, b === 0 ? none : b));
}

/** The classes of frames a policy keeps its owner from sending. */
export function ingressMaskOf(policy: PortPolicy): number {
  return (
    bothWaysMaskOf(policy) |
    (policy.noServer ? frameClass.tcpAccept4 : 0) |
    (policy.noServerV6 ? frameClass.tcpAccept6 : 0) |
    (policy.dhcpNoServer ? frameClass.dhcp4Reply : 0) |
    (policy.dhcpV6NoServer ? frameClass.dhcp6Reply : 0) |
    (policy.raFilter ? frameClass.routerAdvertisement : 0)
  );
}

/** The classes of frames a policy keeps its owner from hearing (protocol/06 §4b). */
export function egressMaskOf(policy: PortPolicy): number {
  return bothWaysMaskOf(policy);
}

function bothWaysMaskOf(policy: PortPolicy): number {
  const router = frameClass.routerSolicitation | frameClass.routerAdvertisement;
  return (
    (policy.arpDhcpOnly ? frameClass.chatter : 0) |
    (policy.filterIpV4 ? frameClass.ip4 : 0) |
    (policy.filterIpV6 ? frameClass.ip6 : 0) |
    (policy.filterNonIp ? frameClass.nonIp : 0) |
    (policy.dhcpFilter ? frameClass.dhcp4 : 0) |
    (policy.dhcpV6Filter ? frameClass.dhcp6 : 0) |
    (policy.rsAndRaFilter ? router : 0)
  );
}
