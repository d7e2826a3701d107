import { assert } from '#shared/kernel/assert.ts';

/** Smallest and largest buffer that is kept, as powers of two; larger ones are made and left. */
const sizeBitsMin = 11;
const sizeBitsMax = 21;
/** What all kept buffers hold together. */
const keptBytesMax = 16 * 1024 * 1024;

/** Has frames whose bytes are still where they arrived. */
export interface Settling {
  settle(): void;
}

/**
 * What the send queues of a member share: the buffers in which they gather batches, used again and
 * again so that they stay in the processor's caches, and who still refers to what was just read.
 */
export class Gathering {
  readonly #kept: Buffer[][] = [];
  #keptBytes = 0;
  #open: Settling[] = [];

  constructor() {
    for (let bits = sizeBitsMin; bits <= sizeBitsMax; bits++) this.#kept.push([]);
  }

  /** What is waiting to be used again. */
  get keptBytes(): number {
    return this.#keptBytes;
  }

  /** A buffer of at least so many bytes, with whatever is in it. */
  take(bytesMin: number): Buffer {
    const bits = Math.max(sizeBitsMin, 32 - Math.clz32(bytesMin - 1));
    const kept = this.#kept[bits - sizeBitsMin]?.pop();
    if (kept === undefined) return Buffer.allocUnsafeSlow(2 ** bits);
    this.#keptBytes -= kept.length;
    return kept;
  }

  /** Give back a buffer, or any part of it; nobody refers to it any more. */
  give(part: Buffer): void {
    const whole = part.buffer;
    assert(whole instanceof ArrayBuffer, 'buffers are not shared between threads');
    const bits = 31 - Math.clz32(whole.byteLength);
    assert(whole.byteLength === 2 ** bits, 'only buffers taken here are given back');
    const list = this.#kept[bits - sizeBitsMin];
    if (list === undefined || this.#keptBytes + whole.byteLength > keptBytesMax) return;
    this.#keptBytes += whole.byteLength;
    list.push(Buffer.from(whole));
  }

  /** Ask to be settled before what was just read is overwritten; once until then. */
  open(settling: Settling): void {
    this.#open.push(settling);
  }

  /** What was just read will be overwritten. */
  settle(): void {
    const open = this.#open;
    for (let i = 0; i < open.length; i++) (open[i] as Settling).settle();
    open.length = 0;
  }
}
