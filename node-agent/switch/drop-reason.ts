/**
 * Why a frame was dropped: one name, one sentence. A frame that enters a hub instance and leaves
 * it nowhere is counted once; one that is flooded, once for each port it was kept from.
 */
export const dropReasons = {
  fenced: 'the member may not forward this hub now: its lease is not held',
  'hub-closed': 'the hub instance is closed',
  'frame-too-short': 'shorter than an Ethernet header of 14 bytes',
  'frame-too-long': 'longer than the 1600 bytes a session may carry (protocol/05 §2)',
  'not-inflatable': 'a compressed block that is no zlib stream (protocol/05 §4)',
  'source-zero': 'the source address is all zeros',
  'source-group': 'the source address is a broadcast or multicast address',
  'source-is-destination': 'source and destination address are equal',
  'from-monitor': 'monitor sessions only listen',
  malformed: 'rules look into packets here, and this one contradicts itself',
  'upload-limit': 'the sender sends faster than MaxUpload allows',
  'download-limit': 'the receiver is sent more than MaxDownload allows',
  'no-server': 'NoServer, NoServerV6: the sender accepts a TCP connection',
  'arp-dhcp-only': 'ArpDhcpOnly: a broadcast that is neither ARP, DHCP nor ICMPv6',
  'filter-ipv4': 'FilterIPv4 of the sender, the receiver or the hub: IPv4 or ARP',
  'filter-ipv6': 'FilterIPv6 of the sender, the receiver or the hub',
  'filter-non-ip': 'FilterNonIP of the sender, the receiver or the hub',
  'filter-pppoe': 'FilterPPPoE of the hub',
  'filter-ospf': 'FilterOSPF of the hub',
  'filter-bpdu': 'FilterBPDU of the hub',
  'dhcp-filter': 'DHCPFilter, DHCPv6Filter of the sender or the receiver',
  'dhcp-no-server': 'DHCPNoServer, DHCPv6NoServer: the sender speaks as a DHCP server',
  'router-filter': 'RSandRAFilter, RAFilter: a router solicitation or advertisement',
  'access-list': 'an entry of the access list discards it',
  redirected: 'an entry of the access list answered it with a redirect',
  loss: 'an entry of the access list loses it at random',
  'delay-queue-full': 'too many frames are held back by entries of the access list',
  'mac-limit': 'the sender has as many MAC addresses as its policy allows',
  'mac-conflict': 'CheckMac: another attachment used the source address a moment ago',
  'mac-table-full': 'the hub instance has learned as many MAC addresses as it may',
  'ip-limit': 'the sender has as many IP addresses as its policy allows',
  'ip-conflict': 'CheckIP, CheckIPv6: another attachment used the source address a moment ago',
  'dhcp-force': 'DHCPForce: no DHCP server has lent the sender its address',
  'same-port': 'the destination lives where the frame came from',
  storm: 'the sender floods too many frames of this kind',
  privacy: 'PrivacyFilter of both the sender and the receiver',
  'other-vlan': 'the receiver is in another VLAN',
  dormant: 'flooded, and the receiver has sent nothing for long',
  'flood-quota': 'flooded, and too much waits for receivers already',
  'queue-head': 'the receiver is slower than its senders: its oldest queued frame made room',
  'queue-budget': 'the send queues of all sessions together are full',
  'no-connection': 'the receiving session has no connection at the moment',
  'session-closed': 'the receiving session has ended with frames in its queue',
} as const;

export type DropReason = keyof typeof dropReasons;

/** Frames dropped so far, by reason. One per hub instance; plain numbers, nothing per frame. */
export class DropCounters {
  readonly #counts: Record<DropReason, number>;

  constructor() {
    const zeros = Object.keys(dropReasons).map((reason) => [reason, 0]);
    this.#counts = Object.fromEntries(zeros) as Record<DropReason, number>;
  }

  count(reason: DropReason, frames = 1): void {
    this.#counts[reason] += frames;
  }

  of(reason: DropReason): number {
    return this.#counts[reason];
  }

  add(other: DropCounters): void {
    for (const reason of Object.keys(dropReasons) as DropReason[]) {
      this.#counts[reason] += other.#counts[reason];
    }
  }

  /** Only the reasons that occurred, for logs. */
  nonZero(): Partial<Record<DropReason, number>> {
    return Object.fromEntries(Object.entries(this.#counts).filter(([, count]) => count > 0));
  }
}
