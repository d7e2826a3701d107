import type { DropReason } from '../switch/drop-reason.ts';
import { Gathering } from './gathering.ts';
import type { SendBudget } from './send-budget.ts';

/** Bounds of one send queue. */
export interface SendQueueLimits {
  readonly framesMax: number;
  readonly bytesMax: number;
}

/** Before each block its size, before each batch the number of its blocks (protocol/05 §2). */
const wordBytes = 4;

const none = Buffer.alloc(0);

/** Batches differ in size: a buffer that turns out too small costs a copy. */
const expectedShare = 3 / 4;

/**
 * The frames that wait for a connection of one session, as they go on the wire. When it is full the
 * oldest go: whoever sent them has long retransmitted, and fresh frames are worth more.
 *
 * Frames that arrived one after the other are copied together, sizes and all: see {@link push}.
 */
export class SendQueue {
  // Fixed at construction.
  readonly #limits: SendQueueLimits;
  readonly #budget: SendBudget;
  readonly #onDrop: (reason: DropReason, frames: number) => void;
  readonly #gathering: Gathering;

  /** Blocks from `#start` to `#end`; before them there is room for a word. */
  #buffer: Buffer | undefined;
  #start = wordBytes;
  #end = wordBytes;
  /** What a batch is expected to need: as the last one, or somewhat less than those before. */
  #expectedBytes = 0;

  /** The newest frames, still where they arrived: the first of them, and where the last ends. */
  #run: Buffer | undefined;
  #runEnd = 0;
  /** All of the memory the run is in, as such (asking a Buffer for it is slow) and as bytes. */
  #memory: ArrayBufferLike = none.buffer;
  #source: Buffer = none;
  #isOpen = false;
  /** Up to this no bound needs a look, until it is settled. */
  #easyBytes = 0;

  // The run included.
  #frames = 0;
  #bytes = 0;
  /** As far as the budget knows. */
  #chargedBytes = 0;

  constructor(
    limits: SendQueueLimits,
    budget: SendBudget,
    onDrop: (reason: DropReason, frames: number) => void,
    gathering: Gathering = new Gathering(),
  ) {
    this.#limits = limits;
    this.#budget = budget;
    this.#onDrop = onDrop;
    this.#gathering = gathering;
  }

  get frames(): number {
    return this.#frames;
  }

  /** Of the frames alone. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Take a frame; its bytes stay as they are until {@link Gathering.settle} at least. */
  push(frame: Buffer): void {
    if (!this.#isOpen) this.#open();
    const bytes = this.#bytes + frame.length;
    if (this.#frames >= this.#limits.framesMax || bytes > this.#easyBytes) {
      this.#makeRoom(frame.length);
    }
    this.#frames += 1;
    this.#bytes += frame.length;
    if (this.#continuesRun(frame)) this.#runEnd += wordBytes + frame.length;
    else this.#beginRun(frame);
  }

  /**
   * The oldest frames as one batch: at least one, and as many as fit in `bytesMax`. Once it is
   * written it may be given back to the {@link Gathering}.
   */
  takeBatch(bytesMax: number): Buffer | undefined {
    this.#copyRun();
    if (this.#buffer === undefined || this.#frames === 0) return undefined;
    const batch = this.#bytes <= bytesMax ? this.#takeAll(this.#buffer) : this.#cut(bytesMax);
    this.#expectedBytes = Math.max(batch.length, this.#expectedBytes * expectedShare);
    return batch;
  }

  /**
   * Copy what is still where it arrived. It is memory of ours from then on, and in the budget.
   */
  settle(): void {
    this.#isOpen = false;
    this.#copyRun();
    this.#charge();
  }

  clear(reason: DropReason): void {
    if (this.#frames > 0) this.#onDrop(reason, this.#frames);
    if (this.#buffer !== undefined) this.#gathering.give(this.#buffer);
    this.#reset();
    this.#charge();
  }

  /**
   * Whether this frame lies behind the last one with its size in between, as in a batch that was
   * just read. If these four bytes came there by chance, they are right all the same.
   */
  #continuesRun(frame: Buffer): boolean {
    if (this.#run === undefined || frame.byteOffset !== this.#runEnd + wordBytes) return false;
    if (frame.buffer !== this.#memory) return false;
    return readWord(this.#source, this.#runEnd) === frame.length;
  }

  #beginRun(frame: Buffer): void {
    this.#copyRun();
    this.#run = frame;
    const memory = frame.buffer;
    if (memory !== this.#memory) {
      this.#memory = memory;
      this.#source = Buffer.from(memory);
    }
    this.#runEnd = frame.byteOffset + frame.length;
  }

  /** Frames arrive. What others hold does not change before they are settled. */
  #open(): void {
    this.#isOpen = true;
    this.#gathering.open(this);
    this.#easyBytes = Math.min(this.#limits.bytesMax, this.#budget.allowanceBytes);
  }

  #copyRun(): void {
    const run = this.#run;
    if (run === undefined) return;
    this.#run = undefined;
    const runBytes = this.#runEnd - run.byteOffset;
    const buffer = this.#withRoom(wordBytes + runBytes);
    writeWord(buffer, this.#end, run.length);
    if (runBytes === run.length) buffer.set(run, this.#end + wordBytes);
    else this.#source.copy(buffer, this.#end + wordBytes, run.byteOffset, this.#runEnd);
    this.#end += wordBytes + runBytes;
  }

  #takeAll(buffer: Buffer): Buffer {
    writeWord(buffer, this.#start - wordBytes, this.#frames);
    const batch = buffer.subarray(this.#start - wordBytes, this.#end);
    this.#reset();
    return batch;
  }

  /** A copy of the first frames: what is left stays where it is. */
  #cut(bytesMax: number): Buffer {
    const buffer = this.#buffer as Buffer;
    const from = this.#start;
    let frames = 0;
    for (let bytes = 0; this.#frames > 0; frames++) {
      bytes += readWord(buffer, this.#start);
      if (frames > 0 && bytes > bytesMax) break;
      this.#dropHead(buffer);
    }
    const batch = this.#gathering.take(wordBytes + this.#start - from);
    writeWord(batch, 0, frames);
    const end = wordBytes + buffer.copy(batch, wordBytes, from, this.#start);
    return batch.subarray(0, end);
  }

  /** Drop the oldest until one of `frameBytes` more is within every bound, or is alone. */
  #makeRoom(frameBytes: number): void {
    const { framesMax, bytesMax } = this.#limits;
    const allowanceBytes = this.#budget.allowanceBytes;
    while (this.#frames > 0) {
      const bytes = this.#bytes + frameBytes;
      const isFull = this.#frames >= framesMax || bytes > bytesMax;
      if (!isFull && bytes <= allowanceBytes) break;
      this.#copyRun();
      this.#dropHead(this.#buffer as Buffer);
      this.#onDrop(isFull ? 'queue-head' : 'queue-budget', 1);
    }
    const isSpacious = this.#buffer && this.#end - this.#start < this.#buffer.length / 4;
    if (isSpacious) this.#move(0);
  }

  /** What is copied is memory; until then frames are views into what was received. */
  #charge(): void {
    if (this.#bytes === this.#chargedBytes) return;
    this.#budget.take(this.#bytes - this.#chargedBytes);
    this.#chargedBytes = this.#bytes;
  }

  #dropHead(buffer: Buffer): void {
    const size = readWord(buffer, this.#start);
    this.#start += wordBytes + size;
    this.#frames -= 1;
    this.#bytes -= size;
  }

  /** The buffer, with room for so many bytes at its end. */
  #withRoom(bytes: number): Buffer {
    if (this.#buffer === undefined) {
      const expectedBytes = Math.min(this.#expectedBytes, this.#limits.bytesMax);
      this.#buffer = this.#gathering.take(Math.max(wordBytes + bytes, expectedBytes));
    } else if (this.#end + bytes > this.#buffer.length) {
      this.#move(bytes);
    }
    return this.#buffer;
  }

  /** Into another buffer, with room for so much more and some to spare. */
  #move(bytes: number): void {
    const old = this.#buffer as Buffer;
    const waiting = this.#end - this.#start;
    this.#buffer = this.#gathering.take(wordBytes + waiting + (waiting >> 2) + bytes);
    old.copy(this.#buffer, wordBytes, this.#start, this.#end);
    this.#start = wordBytes;
    this.#end = wordBytes + waiting;
    this.#gathering.give(old);
  }

  #reset(): void {
    this.#run = undefined;
    this.#frames = 0;
    this.#bytes = 0;
    this.#buffer = undefined;
    this.#start = this.#end = wordBytes;
  }
}

function readWord(bytes: Buffer, at: number): number {
  return bytes.readUInt32BE(at);
}

function writeWord(bytes: Buffer, at: number, value: number): void {
  bytes.writeUInt32BE(value, at);
}
