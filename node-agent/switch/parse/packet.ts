import { i32, u16 } from './bytes.ts';
import { llcBytesMax } from './ethernet.ts';

export const ipProtocol = { icmp: 1, tcp: 6, udp: 17, icmp6: 58, ospf: 89 } as const;
export const tcpFlag = {
  fin: 0x01,
  syn: 0x02,
  rst: 0x04,
  psh: 0x08,
  ack: 0x10,
  urg: 0x20,
} as const;

/** What stands above IP, if it was there to be read: not in later fragments. */
export type Transport = 'none' | 'tcp' | 'udp' | 'icmp' | 'icmp6';

const noFrame = Buffer.alloc(0);

/**
 * A frame as far as rules look into it. One instance is used again for every frame; offsets point
 * into {@link frame}. Addresses are signed 32-bit words: IPv4 has one, IPv6 four.
 */
export class Packet {
  frame: Buffer = noFrame;
  /** Of the outermost tag; 0: untagged, or a priority tag only. */
  vlanId = 0;
  /** What directly follows the addresses: of a tagged frame, the tag's. */
  outerType = 0;
  /** What follows the tags. */
  type = 0;
  /** Says it is IP or ARP, but cannot be: lengths contradict each other, headers are cut short. */
  malformed = false;

  /** Version of IP, 0 if it is none. */
  ip: 0 | 4 | 6 = 0;
  /** An ARP packet for Ethernet and IPv4. */
  arp = false;
  /** Of IPv6, the last one found. */
  protocol = 0;
  /** Offset of the IP or ARP header. */
  network = 0;
  /** Where the IP packet ends, which may be before the frame does. */
  end = 0;
  source0 = 0;
  source1 = 0;
  source2 = 0;
  source3 = 0;
  destination0 = 0;
  destination1 = 0;
  destination2 = 0;
  destination3 = 0;

  transport: Transport = 'none';
  /** Offset of the transport header. */
  transportAt = 0;
  sourcePort = 0;
  destinationPort = 0;
  tcpFlags = 0;
  icmpType = 0;
  /** Offset of what the transport carries. */
  payload = 0;

  /** Broadcast or multicast, by its destination. */
  get toGroup(): boolean {
    return ((this.frame[0] as number) & 0x01) !== 0;
  }

  /** A bridge's own protocol: LLC to the address of all bridges (IEEE 802.1D). */
  get isBpdu(): boolean {
    const { frame, network, type } = this;
    if (type > llcBytesMax || i32(frame, 0) !== (0x0180c200 | 0) || u16(frame, 4) !== 0)
      return false;
    return frame[network] === 0x42 && frame[network + 1] === 0x42;
  }

  get payloadBytes(): number {
    return Math.max(0, this.end - this.payload);
  }

  /** Forget the last frame. */
  begin(frame: Buffer): void {
    this.frame = frame;
    this.vlanId = 0;
    this.outerType = 0;
    this.type = 0;
    this.malformed = false;
    this.ip = 0;
    this.arp = false;
    this.protocol = 0;
    this.network = 0;
    this.end = frame.length;
    this.transport = 'none';
    this.transportAt = 0;
    this.sourcePort = 0;
    this.destinationPort = 0;
    this.tcpFlags = 0;
    this.icmpType = 0;
    this.payload = 0;
    this.source0 = 0;
    this.source1 = 0;
    this.source2 = 0;
    this.source3 = 0;
    this.destination0 = 0;
    this.destination1 = 0;
    this.destination2 = 0;
    this.destination3 = 0;
  }
}
