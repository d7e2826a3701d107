import { addSum, foldSum } from './parse/checksum.ts';
import { ip4HeaderBytes } from './parse/ip4.ts';
import { ip6HeaderBytes } from './parse/ip6.ts';
import { ipProtocol, type Packet, tcpFlag } from './parse/packet.ts';

const tcpHeaderBytes = 20;
const timeToLive = 128;

/** Whether the packet is a TCP segment with data, which a redirect answers (protocol/06 §6). */
export function isTcpData(packet: Packet): boolean {
  const decisive = tcpFlag.ack | tcpFlag.syn | tcpFlag.rst | tcpFlag.urg;
  return (
    packet.transport === 'tcp' &&
    (packet.tcpFlags & decisive) === tcpFlag.ack &&
    packet.payloadBytes > 0
  );
}

/** What the answer to a request says, as a server would. */
export function redirectAnswer(url: string): Buffer {
  const target = url.replace(/[\r\n]/g, '');
  const page = 'Your network wants you to look elsewhere first.\r\n';
  const head = [
    'HTTP/1.1 302 Found',
    `Location: ${target}`,
    'Cache-Control: private, no-store',
    'Content-Type: text/plain',
    `Content-Length: ${page.length}`,
    'Connection: close',
  ];
  return Buffer.from(`${head.join('\r\n')}\r\n\r\n${page}`, 'utf8');
}

/** A frame with `answer`, as if the packet's destination had sent it and closed. */
export function redirectFrame(packet: Packet, answer: Buffer): Buffer {
  const ipBytes = packet.ip === 4 ? ip4HeaderBytes : ip6HeaderBytes;
  const tcpAt = packet.network + ipBytes;
  const tcpBytes = tcpHeaderBytes + answer.length;
  const frame = Buffer.alloc(tcpAt + tcpBytes);
  packet.frame.copy(frame, 0, 6, 12);
  packet.frame.copy(frame, 6, 0, 6);
  packet.frame.copy(frame, 12, 12, packet.network);
  writeTcp(frame, tcpAt, packet, answer);
  const addressesAt =
    packet.ip === 4 ? writeIp4(frame, packet, tcpBytes) : writeIp6(frame, packet, tcpBytes);
  const addresses = addSum(frame, addressesAt, tcpAt - addressesAt);
  const sum = addSum(frame, tcpAt, tcpBytes, addresses + ipProtocol.tcp + tcpBytes);
  frame.writeUInt16BE(foldSum(sum), tcpAt + 16);
  return frame;
}

function writeTcp(frame: Buffer, at: number, packet: Packet, answer: Buffer): void {
  const { frame: request, transportAt } = packet;
  const expected = request.readUInt32BE(transportAt + 4) + packet.payloadBytes;
  frame.writeUInt16BE(packet.destinationPort, at);
  frame.writeUInt16BE(packet.sourcePort, at + 2);
  request.copy(frame, at + 4, transportAt + 8, transportAt + 12);
  frame.writeUInt32BE(expected >>> 0, at + 8);
  frame[at + 12] = (tcpHeaderBytes / 4) << 4;
  frame[at + 13] = tcpFlag.ack | tcpFlag.psh | tcpFlag.fin;
  frame.writeUInt16BE(0xffff, at + 14);
  answer.copy(frame, at + tcpHeaderBytes);
}

/** Where its two addresses are. */
function writeIp4(frame: Buffer, packet: Packet, tcpBytes: number): number {
  const at = packet.network;
  frame[at] = 0x45;
  frame.writeUInt16BE(ip4HeaderBytes + tcpBytes, at + 2);
  frame.writeUInt16BE(0x4000, at + 6);
  frame[at + 8] = timeToLive;
  frame[at + 9] = ipProtocol.tcp;
  packet.frame.copy(frame, at + 12, at + 16, at + 20);
  packet.frame.copy(frame, at + 16, at + 12, at + 16);
  frame.writeUInt16BE(foldSum(addSum(frame, at, ip4HeaderBytes)), at + 10);
  return at + 12;
}

function writeIp6(frame: Buffer, packet: Packet, tcpBytes: number): number {
  const at = packet.network;
  frame[at] = 0x60;
  frame.writeUInt16BE(tcpBytes, at + 4);
  frame[at + 6] = ipProtocol.tcp;
  frame[at + 7] = timeToLive;
  packet.frame.copy(frame, at + 8, at + 24, at + 40);
  packet.frame.copy(frame, at + 24, at + 8, at + 24);
  return at + 8;
}
