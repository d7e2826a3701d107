import type { DropReason } from '../switch/drop-reason.ts';
import type { SendBudget } from './send-budget.ts';

/** Bounds of one send queue. */
export interface SendQueueLimits {
  readonly framesMax: number;
  readonly bytesMax: number;
}

/**
 * The frames that wait for a connection of one session. When it is full the oldest go: whoever
 * sent them has long retransmitted, and fresh frames are worth more.
 */
export class SendQueue {
  readonly #limits: SendQueueLimits;
  readonly #budget: SendBudget;
  readonly #onDrop: (reason: DropReason, frames: number) => void;
  /** Up to this no bound needs a look. */
  readonly #easyBytes: number;

  /** Frames from `#head` on; before it the array is spent. */
  #frames: Buffer[] = [];
  #head = 0;
  #bytes = 0;
  /** As far as the budget knows. */
  #chargedBytes = 0;
  /** Frames before this index own their bytes; see {@link settle}. */
  #settled = 0;

  constructor(
    limits: SendQueueLimits,
    budget: SendBudget,
    onDrop: (reason: DropReason, frames: number) => void,
  ) {
    this.#limits = limits;
    this.#budget = budget;
    this.#onDrop = onDrop;
    this.#easyBytes = Math.min(limits.bytesMax, budget.leastBytes);
  }

  get frames(): number {
    return this.#frames.length - this.#head;
  }

  get bytes(): number {
    return this.#bytes;
  }

  push(frame: Buffer): void {
    const bytes = this.#bytes + frame.length;
    if (this.frames >= this.#limits.framesMax || bytes > this.#easyBytes) {
      this.#makeRoom(frame.length);
    }
    this.#frames.push(frame);
    this.#bytes += frame.length;
  }

  /** Move the oldest frames to `batch`, at least one and as many as fit in `bytesMax`. */
  takeBatch(bytesMax: number, batch: Buffer[]): void {
    let bytes = 0;
    while (this.frames > 0) {
      bytes += this.#frames[this.#head]?.length ?? 0;
      if (batch.length > 0 && bytes > bytesMax) return;
      batch.push(this.#takeHead());
    }
  }

  /**
   * Call when frames stay behind. A frame is a view into the chunk it arrived in and keeps all of
   * it in memory; one that has to wait gets bytes of its own, so that the limits mean memory, and
   * counts in the budget from then on.
   */
  settle(): void {
    for (let i = Math.max(this.#settled, this.#head); i < this.#frames.length; i++) {
      this.#frames[i] = Buffer.from(this.#frames[i] as Buffer);
    }
    this.#settled = this.#frames.length;
    this.#charge();
  }

  clear(reason: DropReason): void {
    if (this.frames > 0) this.#onDrop(reason, this.frames);
    this.#reset();
    this.#bytes = 0;
    this.#charge();
  }

  /** Drop the oldest until one of `frameBytes` more is within every bound, or is alone. */
  #makeRoom(frameBytes: number): void {
    const { framesMax, bytesMax } = this.#limits;
    const allowanceBytes = this.#budget.allowanceBytes;
    while (this.frames > 0) {
      const bytes = this.#bytes + frameBytes;
      const full = this.frames >= framesMax || bytes > bytesMax;
      if (!full && bytes <= allowanceBytes) return;
      this.#takeHead();
      this.#onDrop(full ? 'queue-head' : 'queue-budget', 1);
    }
  }

  /** What stays behind is memory; until then frames are views into what was received. */
  #charge(): void {
    if (this.#bytes === this.#chargedBytes) return;
    this.#budget.take(this.#bytes - this.#chargedBytes);
    this.#chargedBytes = this.#bytes;
  }

  #takeHead(): Buffer {
    const frame = this.#frames[this.#head] as Buffer;
    this.#head += 1;
    this.#bytes -= frame.length;
    if (this.#head === this.#frames.length) this.#reset();
    else if (this.#head > this.#limits.framesMax) this.#compact();
    return frame;
  }

  #reset(): void {
    this.#frames.length = 0;
    this.#head = 0;
    this.#settled = 0;
  }

  #compact(): void {
    this.#frames.splice(0, this.#head);
    this.#settled = Math.max(0, this.#settled - this.#head);
    this.#head = 0;
  }
}
