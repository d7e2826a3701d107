import { u16 } from './parse/bytes.ts';
import { updateChecksum } from './parse/checksum.ts';
import { ethernetBytes } from './parse/ethernet.ts';
import { type Packet, tcpFlag } from './parse/packet.ts';

const fixedBytes = 20;
const checksumAt = 16;
const optionEnd = 0;
const optionPad = 1;
const optionMss = 2;
const mssOptionBytes = 4;

/**
 * The frame with its TCP segment's MSS lowered to `mssMax`, in bytes of its own; the frame itself
 * if it opens no connection or asks for less. VLAN tags take their room from the segments.
 */
export function withMssAtMost(packet: Packet, mssMax: number): Buffer {
  const { frame } = packet;
  if (packet.transport !== 'tcp' || (packet.tcpFlags & tcpFlag.syn) === 0) return frame;
  const at = mssAt(packet);
  if (at === 0) return frame;
  const mss = u16(frame, at);
  const most = mssMax - (packet.network - ethernetBytes);
  if (mss <= most || most < 1) return frame;
  const lowered = Buffer.from(frame);
  lowered.writeUInt16BE(most, at);
  fixChecksum(lowered, packet.transportAt, at, mss, most);
  return lowered;
}

/** Where the value of the MSS option is; 0 if there is none. */
function mssAt(packet: Packet): number {
  const { frame, payload } = packet;
  let at = packet.transportAt + fixedBytes;
  while (at < payload) {
    const kind = frame[at];
    if (kind === optionEnd) return 0;
    if (kind === optionPad) {
      at += 1;
      continue;
    }
    const bytes = frame[at + 1] as number;
    if (bytes < 2 || at + bytes > payload) return 0;
    if (kind === optionMss) return bytes === mssOptionBytes ? at + 2 : 0;
    at += bytes;
  }
  return 0;
}

/** Options may stand at odd offsets: then a word of the sum has its bytes exchanged. */
function fixChecksum(
  frame: Buffer,
  transportAt: number,
  at: number,
  before: number,
  after: number,
): void {
  const odd = ((at - transportAt) & 1) !== 0;
  const old = u16(frame, transportAt + checksumAt);
  const sum = odd
    ? updateChecksum(old, swapped(before), swapped(after))
    : updateChecksum(old, before, after);
  frame.writeUInt16BE(sum, transportAt + checksumAt);
}

function swapped(word: number): number {
  return ((word & 0xff) << 8) | (word >> 8);
}
