import { broadcast, mac } from '#test/support/frames.ts';

export interface Ip4FrameOptions {
  readonly etherType?: number;
  readonly tos?: number;
  readonly protocol?: number;
  readonly bytes?: number;
  /** Put where {@link payloadOf} looks, after the IPv4 header. */
  readonly text?: string;
}

/** As much of an IPv4 header as decides how urgent a frame is. */
export function ip4Frame(options: Ip4FrameOptions = {}): Buffer {
  const { etherType = 0x0800, tos = 0, protocol = 17, bytes = 60, text = '' } = options;
  const frame = Buffer.alloc(bytes);
  broadcast.copy(frame, 0);
  mac(9).copy(frame, 6);
  frame.writeUInt16BE(etherType, 12);
  frame[14] = 0x45;
  frame[15] = tos;
  frame[23] = protocol;
  frame.write(text, 34, 'latin1');
  return frame;
}
