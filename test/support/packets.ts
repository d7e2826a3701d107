import { addSum, foldSum } from '#node-agent/switch/parse/checksum.ts';

/** Ethernet, IP, TCP, UDP, ICMP, ARP and DHCP as hosts send them, built from the inside out. */
export type Part = Buffer;

export function ethernet(to: Buffer, from: Buffer, type: number, payload: Part): Buffer {
  return Buffer.concat([to, from, word(type), payload]);
}

export function tagged(frame: Buffer, vlanId: number, type = 0x8100): Buffer {
  return Buffer.concat([frame.subarray(0, 12), word(type), word(vlanId), frame.subarray(12)]);
}

export interface Ip4Options {
  readonly from?: string;
  readonly to?: string;
  readonly protocol?: number;
  /** Of 8 bytes each. */
  readonly fragmentOffset?: number;
  readonly optionBytes?: number;
}

export function ip4(payload: Part, options: Ip4Options = {}): Part {
  const headerBytes = 20 + (options.optionBytes ?? 0);
  const header = Buffer.alloc(headerBytes);
  header[0] = 0x40 | (headerBytes / 4);
  header.writeUInt16BE(headerBytes + payload.length, 2);
  header.writeUInt16BE(options.fragmentOffset ?? 0, 6);
  header[8] = 64;
  header[9] = options.protocol ?? 253;
  ip4Bytes(options.from ?? '10.0.0.1').copy(header, 12);
  ip4Bytes(options.to ?? '10.0.0.2').copy(header, 16);
  header.writeUInt16BE(foldSum(addSum(header, 0, headerBytes)), 10);
  return Buffer.concat([header, payload]);
}

export interface Ip6Options {
  /** 16 bytes, hex. */
  readonly from?: string;
  readonly to?: string;
  readonly protocol?: number;
}

export const ip6One = `fe80${'0'.repeat(25)}001`;
export const ip6Two = `fe80${'0'.repeat(25)}002`;

/** Checksums of TCP, UDP and ICMPv6 are put right. */
export function ip6(payload: Part, options: Ip6Options = {}): Part {
  const header = Buffer.alloc(40);
  header[0] = 0x60;
  header.writeUInt16BE(payload.length, 4);
  header[6] = options.protocol ?? 253;
  header[7] = 255;
  Buffer.from(options.from ?? ip6One, 'hex').copy(header, 8);
  Buffer.from(options.to ?? ip6Two, 'hex').copy(header, 24);
  const packet = Buffer.concat([header, payload]);
  if (options.protocol === 58) {
    packet.writeUInt16BE(0, 42);
    packet.writeUInt16BE(foldSum(sumOfIp6(packet, 58)), 42);
  }
  return packet;
}

/** What the transport's checksum of an IPv6 packet adds up: with the checksum in it, 0xffff. */
export function sumOfIp6(packet: Buffer, protocol: number): number {
  const bytes = packet.length - 40;
  return addSum(packet, 40, bytes, addSum(packet, 8, 32) + bytes + protocol);
}

export const tcpFlags = { fin: 1, syn: 2, rst: 4, psh: 8, ack: 16, urg: 32 } as const;

export interface TcpOptions {
  readonly from?: number;
  readonly to?: number;
  readonly flags?: number;
  readonly sequence?: number;
  readonly acknowledged?: number;
  readonly data?: string;
  /** A multiple of four bytes. */
  readonly options?: Buffer;
}

export function tcp(options: TcpOptions = {}): Part {
  const optionPart = options.options ?? Buffer.alloc(0);
  const header = Buffer.alloc(20);
  header.writeUInt16BE(options.from ?? 40_000, 0);
  header.writeUInt16BE(options.to ?? 80, 2);
  header.writeUInt32BE(options.sequence ?? 1_000, 4);
  header.writeUInt32BE(options.acknowledged ?? 2_000, 8);
  header[12] = ((20 + optionPart.length) / 4) << 4;
  header[13] = options.flags ?? tcpFlags.ack;
  header.writeUInt16BE(0xffff, 14);
  return Buffer.concat([header, optionPart, Buffer.from(options.data ?? '')]);
}

export function udp(from: number, to: number, data: Part = Buffer.from('data')): Part {
  const header = Buffer.alloc(8);
  header.writeUInt16BE(from, 0);
  header.writeUInt16BE(to, 2);
  header.writeUInt16BE(8 + data.length, 4);
  return Buffer.concat([header, data]);
}

export function icmp(type: number, bytes = 8): Part {
  const message = Buffer.alloc(bytes);
  message[0] = type;
  return message;
}

/** A router advertisement of this lifetime, in seconds. */
export function routerAdvertisement(lifetimeSec: number): Part {
  const message = Buffer.alloc(16);
  message[0] = 134;
  message[4] = 64;
  message.writeUInt16BE(lifetimeSec, 6);
  return message;
}

export function arp(sender: string, target = '10.0.0.2', opcode = 1): Part {
  const packet = Buffer.from('0001080006040001', 'hex');
  packet.writeUInt16BE(opcode, 6);
  return Buffer.concat([
    packet,
    Buffer.alloc(6),
    ip4Bytes(sender),
    Buffer.alloc(6),
    ip4Bytes(target),
  ]);
}

export interface DhcpOptions {
  /** 1: a client asks; 2: a server answers. */
  readonly opcode?: 1 | 2;
  /** 1 discover, 2 offer, 3 request, 5 acknowledgement. */
  readonly kind?: number;
  readonly assigned?: string;
  readonly client?: Buffer;
  readonly leaseSec?: number;
  /** Bytes of padding before the first option; RFC 2132 allows them anywhere. Default: 1. */
  readonly pads?: number;
}

export function dhcp(options: DhcpOptions = {}): Part {
  const fixed = Buffer.alloc(240);
  fixed[0] = options.opcode ?? 1;
  fixed[1] = 1;
  fixed[2] = 6;
  ip4Bytes(options.assigned ?? '0.0.0.0').copy(fixed, 16);
  options.client?.copy(fixed, 28);
  fixed.writeUInt32BE(0x63825363, 236);
  const lease = Buffer.from([51, 4, 0, 0, 0, 0]);
  lease.writeUInt32BE(options.leaseSec ?? 3_600, 2);
  const pads = Buffer.alloc(options.pads ?? 1);
  const kind = Buffer.from([53, 1, options.kind ?? 1]);
  return Buffer.concat([fixed, pads, kind, lease, Buffer.from([255])]);
}

/** What a DHCP server sends to tell a client its address. */
export function dhcpAck(assigned: string, client: Buffer, leaseSec?: number, pads?: number): Part {
  const message = dhcp({
    opcode: 2,
    kind: 5,
    assigned,
    client,
    ...(leaseSec !== undefined && { leaseSec }),
    ...(pads !== undefined && { pads }),
  });
  return ip4(udp(67, 68, message), { from: '10.0.0.254', to: '255.255.255.255', protocol: 17 });
}

export function ip4Bytes(address: string): Buffer {
  return Buffer.from(address.split('.').map(Number));
}

function word(value: number): Buffer {
  const bytes = Buffer.alloc(2);
  bytes.writeUInt16BE(value);
  return bytes;
}
