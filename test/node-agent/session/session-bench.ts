import type { Connection } from '#node-agent/session/connection.ts';
import { FlushQueue } from '#node-agent/session/flush-queue.ts';
import { SendBudget } from '#node-agent/session/send-budget.ts';
import {
  type CloseReason,
  Session,
  type SessionContext,
  type SessionOptions,
} from '#node-agent/session/session.ts';
import type { SessionLimits } from '#node-agent/session/session-limits.ts';
import type { Wire } from '#node-agent/session/wire.ts';
import { FrameDecoder } from '#node-agent/stream/frame-batch.ts';
import type { Random } from '#shared/kernel/random.ts';
import { payloadOf } from '#test/support/frames.ts';
import { HubBench } from '../switch/hub-bench.ts';

/** A socket that does what the test says, and reads what was written to it. */
export class TestWire implements Wire {
  /** When set, the kernel takes nothing: what is written stays buffered. */
  stuck = false;
  bufferedBytes = 0;
  isEnded = false;
  keepAlives = 0;
  readonly frames: string[] = [];
  readonly batches: number[] = [];
  readonly #decoder: FrameDecoder;

  constructor(compressed = false) {
    const sink = {
      onFrame: (frame: Buffer) => void this.frames.push(payloadOf(frame)),
      onKeepAlive: () => {
        this.keepAlives += 1;
      },
      onDrop: (reason: string) => {
        throw new Error(`a session sent what a decoder drops: ${reason}`);
      },
    };
    this.#decoder = new FrameDecoder(sink, { compressed });
  }

  write(bytes: Buffer): void {
    if (this.isEnded) throw new Error('written after the end');
    const before = this.frames.length;
    this.#decoder.push(bytes);
    if (this.frames.length > before) this.batches.push(this.frames.length - before);
    if (this.stuck) this.bufferedBytes += bytes.length;
  }

  end(): void {
    this.isEnded = true;
  }
}

const limits: SessionLimits = {
  sendQueue: { framesMax: 10, bytesMax: 1_000 },
  batchBytesMax: 500,
  wireBytesMax: 1_000,
  wireBytesMin: 200,
  autoDisconnectGraceMs: 1_000,
};

/** Draws from the middle, so that spans are known: a keep-alive comes after 0.45 of the timeout. */
const middling: Random = { bytes: (size) => Buffer.alloc(size), fraction: () => 0.5 };

/** A session on a hub bench, with a clock to turn. */
export class SessionBench {
  readonly hub = new HubBench();
  readonly time = this.hub.time;
  readonly budget: SendBudget;
  readonly context: SessionContext;
  readonly tally = { connections: 0 };
  readonly closed: CloseReason[] = [];
  /** Why connections ended of sessions that lived on. */
  readonly connectionsEnded: string[] = [];
  #endOfTurn: (() => void)[] = [];

  constructor(changed: Partial<SessionLimits> = {}, budgetBytes = 1_000_000) {
    this.budget = new SendBudget({ bytesMax: budgetBytes, leastBytes: 100 });
    this.context = {
      clock: this.time,
      timers: this.time,
      random: middling,
      flushQueue: new FlushQueue((action) => this.#endOfTurn.push(action)),
      limits: { ...limits, ...changed },
      tally: this.tally,
      onConnectionEnded: (_, cause) => this.connectionsEnded.push(cause),
    };
  }

  session(changed: Partial<SessionOptions> = {}): Session {
    return new Session(
      {
        name: 'SID-ALICE-1',
        hub: this.hub.hub,
        attachment: { name: 'SID-ALICE-1' },
        sendBudget: this.budget,
        key: Buffer.alloc(20, 1),
        timeoutMs: 10_000,
        plan: { connectionsMax: 8, halfDuplex: false, qos: false },
        compressed: false,
        autoDisconnectMs: 0,
        onClosed: (_, reason) => this.closed.push(reason),
        ...changed,
      },
      this.context,
    );
  }

  /** Let the turn of the event loop end. */
  endTurn(): void {
    const actions = this.#endOfTurn;
    this.#endOfTurn = [];
    for (const action of actions) action();
  }
}

export function join(
  session: Session,
  wire = new TestWire(),
): { wire: TestWire; connection: Connection } {
  const joined = session.join(wire);
  if (joined.kind !== 'joined') throw new Error(joined.kind);
  return { wire, connection: joined.connection };
}
