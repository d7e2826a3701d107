import { deflateSync, inflateSync } from 'node:zlib';

/** One block of a compressed stream: zlib, default level, no memory of earlier blocks. */
export function deflateBlock(frame: Buffer): Buffer {
  return deflateSync(frame);
}

/**
 * The frame in a compressed block, or why there is none. Never produces more than `bytesMax`,
 * whatever the block promises.
 */
export function inflateBlock(
  block: Buffer,
  bytesMax: number,
): Buffer | 'oversize' | 'not-inflatable' {
  try {
    return inflateSync(block, { maxOutputLength: bytesMax });
  } catch (error) {
    if (error instanceof RangeError) return 'oversize';
    if (error instanceof Error && 'errno' in error) return 'not-inflatable';
    throw error;
  }
}
