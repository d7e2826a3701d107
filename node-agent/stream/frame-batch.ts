import { assert } from '#shared/kernel/assert.ts';
import { WireError } from '#shared/wire/wire-error.ts';
import { deflateBlock, inflateBlock } from './compression.ts';

/** Largest Ethernet frame a session carries, from the destination MAC on, without FCS. */
export const frameBytesMax = 1600;
/** Largest block on the wire; a larger one ends the connection. */
export const blockBytesMax = 2 * frameBytesMax;
/** Largest keep-alive payload; a larger one ends the connection. */
export const keepAliveBytesMax = 512;

/** Every number on the wire. */
const wordBytes = 4;
/** Where a batch has its number of blocks, a keep-alive has this (`protocol/05` §2). */
const keepAliveMark = 0xffffffff;

/** Why a decoder did not hand a block on. */
export type StreamDropReason = 'oversize' | 'not-inflatable';

/** Receives what a decoder finds, in order, during `push`. */
export interface FrameSink {
  /** A frame: a view into the pushed chunk, or a buffer of its own. Never written to again. */
  onFrame(frame: Buffer): void;
  /** A keep-alive is complete; its contents are noise. */
  onKeepAlive(payloadBytes: number): void;
  onDrop(reason: StreamDropReason, blockBytes: number): void;
}

export interface FrameDecoderOptions {
  /** Every block is a zlib stream of its own (`protocol/05` §4). */
  readonly compressed?: boolean;
}

type State = 'count' | 'block-size' | 'block' | 'keep-alive-size' | 'keep-alive';

/**
 * The stream of one connection, in the direction towards us (`protocol/05` §2):
 *
 *     batch:      u32 count, then count × { u32 size, block }    (count 0: nothing)
 *     keep-alive: u32 0xffffffff, u32 size, noise
 *
 * Works on chunks cut anywhere. A block inside one chunk is handed on as a view; one that spans
 * chunks is gathered in a buffer of its own size, so that each byte is copied at most once and at
 * most one block is held.
 */
export class FrameDecoder {
  readonly #sink: FrameSink;
  readonly #compressed: boolean;
  readonly #word = Buffer.alloc(4);
  #state: State = 'count';
  #blocksLeft = 0;
  /** Size of the block or keep-alive being read. */
  #size = 0;
  /** Bytes of the word, block or keep-alive that earlier chunks brought. */
  #have = 0;
  #gathered: Buffer | undefined;
  #failure: WireError | undefined;

  constructor(sink: FrameSink, options: FrameDecoderOptions = {}) {
    this.#sink = sink;
    this.#compressed = options.compressed ?? false;
  }

  /** Bytes held back for the rest of a block. */
  get heldBytes(): number {
    return this.#gathered?.length ?? 0;
  }

  /**
   * Read on. What comes before a broken record is handed on first.
   *
   * @throws {WireError} `stream-…-over-limit`, and again whenever called after that
   */
  push(chunk: Buffer): void {
    if (this.#failure !== undefined) throw this.#failure;
    let offset = 0;
    while (offset < chunk.length) {
      if (this.#state === 'block-size' && this.#have === 0)
        offset = this.#readBlocks(chunk, offset);
      if (offset === chunk.length) return;
      switch (this.#state) {
        case 'block':
          offset = this.#readBlock(chunk, offset);
          break;
        case 'keep-alive':
          offset = this.#skipKeepAlive(chunk, offset);
          break;
        case 'count':
        case 'block-size':
        case 'keep-alive-size':
          offset = this.#readWord(chunk, offset);
          break;
      }
    }
  }

  /** The usual case, in one loop: blocks that are in this chunk from their size to their end. */
  #readBlocks(chunk: Buffer, from: number): number {
    let offset = from;
    while (this.#blocksLeft > 0) {
      const start = offset + wordBytes;
      if (start > chunk.length) break;
      const size = chunk.readUInt32BE(offset);
      const end = start + size;
      if (size === 0 || size > blockBytesMax || end > chunk.length) break;
      offset = end;
      this.#blocksLeft -= 1;
      this.#deliver(chunk.subarray(start, end));
    }
    if (this.#blocksLeft === 0) this.#state = 'count';
    return offset;
  }

  #readWord(chunk: Buffer, offset: number): number {
    if (this.#have === 0 && chunk.length - offset >= 4) {
      this.#takeWord(chunk.readUInt32BE(offset));
      return offset + 4;
    }
    const taken = chunk.copy(this.#word, this.#have, offset);
    this.#have += taken;
    if (this.#have === 4) {
      this.#have = 0;
      this.#takeWord(this.#word.readUInt32BE(0));
    }
    return offset + taken;
  }

  #takeWord(value: number): void {
    switch (this.#state) {
      case 'count':
        this.#blocksLeft = value;
        if (value === keepAliveMark) this.#state = 'keep-alive-size';
        else if (value > 0) this.#state = 'block-size';
        return;
      case 'block-size':
        if (value > blockBytesMax) throw this.#fail('stream-block-over-limit', value);
        this.#size = value;
        if (value === 0) this.#endBlock();
        else this.#state = 'block';
        return;
      case 'keep-alive-size':
        if (value > keepAliveBytesMax) throw this.#fail('stream-keep-alive-over-limit', value);
        this.#size = value;
        if (value === 0) this.#endKeepAlive();
        else this.#state = 'keep-alive';
        return;
      case 'block':
      case 'keep-alive':
        assert(false, `no number is read in state ${this.#state}`);
    }
  }

  #readBlock(chunk: Buffer, offset: number): number {
    const missing = this.#size - this.#have;
    const end = Math.min(offset + missing, chunk.length);
    if (this.#have === 0 && end - offset === missing) {
      this.#endBlock();
      this.#deliver(chunk.subarray(offset, end));
      return end;
    }
    this.#gathered ??= Buffer.allocUnsafe(this.#size);
    chunk.copy(this.#gathered, this.#have, offset, end);
    this.#have += end - offset;
    if (this.#have === this.#size) {
      const block = this.#gathered;
      this.#gathered = undefined;
      this.#endBlock();
      this.#deliver(block);
    }
    return end;
  }

  #skipKeepAlive(chunk: Buffer, offset: number): number {
    const end = Math.min(offset + this.#size - this.#have, chunk.length);
    this.#have += end - offset;
    if (this.#have === this.#size) this.#endKeepAlive();
    return end;
  }

  #endBlock(): void {
    this.#have = 0;
    this.#blocksLeft -= 1;
    this.#state = this.#blocksLeft > 0 ? 'block-size' : 'count';
  }

  #endKeepAlive(): void {
    this.#have = 0;
    this.#state = 'count';
    this.#sink.onKeepAlive(this.#size);
  }

  #deliver(block: Buffer): void {
    const frame = this.#compressed ? inflateBlock(block, frameBytesMax) : block;
    if (typeof frame === 'string') this.#sink.onDrop(frame, block.length);
    else if (frame.length > frameBytesMax) this.#sink.onDrop('oversize', block.length);
    else if (frame.length > 0) this.#sink.onFrame(frame);
  }

  #fail(code: 'stream-block-over-limit' | 'stream-keep-alive-over-limit', size: number): WireError {
    this.#failure = new WireError(code, `${size} bytes announced`);
    return this.#failure;
  }
}

/** Bytes that a batch of these blocks takes on the wire. */
export function batchBytes(blocks: readonly Buffer[]): number {
  let bytes = 4;
  for (const block of blocks) bytes += 4 + block.length;
  return bytes;
}

/**
 * One batch in one buffer, each frame copied once: a TLS socket would gather separate buffers
 * into one anyway, at a higher price per buffer.
 */
export function encodeBatch(blocks: readonly Buffer[]): Buffer {
  const count = blocks.length;
  assert(count > 0 && count < keepAliveMark, 'a batch has blocks');
  const batch = Buffer.allocUnsafe(batchBytes(blocks));
  let offset = batch.writeUInt32BE(count, 0);
  for (const block of blocks) {
    assert(block.length <= blockBytesMax, 'a block is within its limit');
    offset = batch.writeUInt32BE(block.length, offset);
    batch.set(block, offset);
    offset += block.length;
  }
  return batch;
}

/** A batch of frames with each block compressed. */
export function deflateBatch(batch: Buffer): Buffer {
  const blocks: Buffer[] = [];
  for (let offset = wordBytes; offset < batch.length; ) {
    const start = offset + wordBytes;
    offset = start + batch.readUInt32BE(offset);
    blocks.push(deflateBlock(batch.subarray(start, offset)));
  }
  return encodeBatch(blocks);
}

/** A keep-alive; a random payload of random length is what genuine programs send. */
export function encodeKeepAlive(payload: Uint8Array): Buffer {
  assert(payload.length <= keepAliveBytesMax, 'a keep-alive is within its limit');
  const record = Buffer.allocUnsafe(8 + payload.length);
  record.writeUInt32BE(keepAliveMark, 0);
  record.writeUInt32BE(payload.length, 4);
  record.set(payload, 8);
  return record;
}
