import type { SendQueueLimits } from './send-queue.ts';

/** Bounds of every session; `node-agent/limits.ts` has the numbers. */
export interface SessionLimits {
  readonly sendQueue: SendQueueLimits;
  /** Largest batch written at once, so that what waits longer can still be dropped. */
  readonly batchBytesMax: number;
  /**
   * Sockets that hold as much together take no further batch; each may hold {@link wireBytesMin}.
   * Small, so that what waits gathers here, where it can be dropped and is written at once.
   */
  readonly wireBytesMax: number;
  readonly wireBytesMin: number;
  /** A session with AutoDisconnect is ended this much later, if its client has not left by then. */
  readonly autoDisconnectGraceMs: number;
}
