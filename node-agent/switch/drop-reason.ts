/**
 * Why a frame was dropped: one name, one sentence. Every frame that enters a hub instance and does
 * not leave it is counted under exactly one of these.
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
  'mac-limit': 'the sender has as many MAC addresses as its policy allows',
  'ip-limit': 'the sender has as many IPv4 addresses as its policy allows',
  'mac-table-full': 'the hub instance has learned as many MAC addresses as it may',
  'same-port': 'the destination lives where the frame came from',
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
