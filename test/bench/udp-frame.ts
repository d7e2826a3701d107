/** Ethernet, IPv4 and UDP headers and a sequence number. */
export const udpFrameBytesMin = 14 + 20 + 8 + 4;

const sequenceOffset = 42;

/** The station address of the nth station of a bench. */
export function stationMac(station: number): Buffer {
  const address = Buffer.from('020000000000', 'hex');
  address.writeUInt32BE(station, 2);
  return address;
}

/** A datagram between two stations: servers look into IPv4, as they would at real traffic. */
export function udpFrame(to: number, from: number, frameBytes: number): Buffer {
  const frame = Buffer.alloc(frameBytes, 0xa5);
  stationMac(to).copy(frame, 0);
  stationMac(from).copy(frame, 6);
  frame.writeUInt16BE(0x0800, 12);
  frame.write('4500', 14, 'hex');
  frame.writeUInt16BE(frameBytes - 14, 16);
  frame.write('00004000401100000000000000000000', 18, 'hex');
  frame.writeUInt32BE(addressOf(from), 26);
  frame.writeUInt32BE(addressOf(to), 30);
  frame.writeUInt16BE(checksum(frame.subarray(14, 34)), 24);
  frame.writeUInt16BE(9_000, 34);
  frame.writeUInt16BE(9_000, 36);
  frame.writeUInt16BE(frameBytes - 34, 38);
  frame.writeUInt16BE(0, 40); // no UDP checksum
  frame.writeUInt32BE(0, sequenceOffset);
  return frame;
}

export function setSequence(frame: Buffer, sequence: number): void {
  frame.writeUInt32BE(sequence >>> 0, sequenceOffset);
}

export function sequenceOf(frame: Buffer): number {
  return frame.readUInt32BE(sequenceOffset);
}

/** 10.99.x.y */
function addressOf(station: number): number {
  return 0x0a630000 + station;
}

function checksum(header: Buffer): number {
  let sum = 0;
  for (let offset = 0; offset < header.length; offset += 2) sum += header.readUInt16BE(offset);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return ~sum & 0xffff;
}
