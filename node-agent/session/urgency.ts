const etherTypeIp4 = 0x0800;
const etherTypeAt = 12;
const tosAt = 15;
const protocolAt = 23;
const protocolIcmp = 1;
/** RFC 1349: maximise throughput, what bulk transfers ask for. */
const tosBulk = 8;
const pingBytesMin = 34;
const pingBytesMax = 128;

/**
 * Whether a session with QoS sends this frame ahead of bulk, on the connection kept for such
 * (protocol/05 §5): IPv4 with a type of service, or a small ICMP packet.
 */
export function isUrgent(frame: Buffer): boolean {
  if (frame.length < pingBytesMin || frame.readUInt16BE(etherTypeAt) !== etherTypeIp4) return false;
  const tos = frame[tosAt];
  if (tos !== 0 && tos !== tosBulk) return true;
  return frame.length <= pingBytesMax && frame[protocolAt] === protocolIcmp;
}
