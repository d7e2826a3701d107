import { deflateBatch } from '../stream/frame-batch.ts';
import type { DropReason } from '../switch/drop-reason.ts';
import type { Connection } from './connection.ts';
import type { ConnectionSet } from './connection-set.ts';
import type { Flushable, FlushQueue } from './flush-queue.ts';
import type { SendBudget } from './send-budget.ts';
import { SendQueue } from './send-queue.ts';
import type { SessionLimits } from './session-limits.ts';
import { isUrgent } from './urgency.ts';

export interface SentCounters {
  framesSent: number;
  bytesSent: number;
}

export interface OutboxOptions {
  readonly connections: ConnectionSet;
  readonly compressed: boolean;
  /** Keep the last connection for urgent frames, where there is more than one to send on. */
  readonly qos: boolean;
  readonly flushQueue: FlushQueue;
  readonly budget: SendBudget;
  readonly limits: SessionLimits;
  readonly counters: SentCounters;
  readonly nowMs: () => number;
  readonly onDrop: (reason: DropReason, frames: number) => void;
}

/** The frames for a session's client, and which connection takes them (protocol/05 §5). */
export class Outbox implements Flushable {
  readonly #options: OutboxOptions;
  readonly #queue: SendQueue;
  /** With QoS: what goes first. */
  readonly #urgent: SendQueue | undefined;
  #asked = false;
  #behind = false;
  #lastUsed: Connection | undefined;
  /** What its sockets hold, as far as the budget knows. */
  #wireBytes = 0;

  constructor(options: OutboxOptions) {
    this.#options = options;
    const { limits, budget, onDrop } = options;
    const { gathering } = options.flushQueue;
    const queue = (): SendQueue => new SendQueue(limits.sendQueue, budget, onDrop, gathering);
    this.#queue = queue();
    this.#urgent = options.qos ? queue() : undefined;
  }

  get frames(): number {
    return this.#queue.frames + (this.#urgent?.frames ?? 0);
  }

  /** Whether frames stayed behind when it last wrote. */
  get isBehind(): boolean {
    return this.#behind;
  }

  /** Take a frame; it is written at the end of this turn, or when a connection has room. */
  push(frame: Buffer): void {
    const urgent = this.#urgent !== undefined && isUrgent(frame);
    (urgent ? (this.#urgent ?? this.#queue) : this.#queue).push(frame);
    this.#askFlush();
  }

  /** A connection has room again, or there is one more. */
  resume(): void {
    this.chargeWire();
    if (this.frames > 0) this.#askFlush();
  }

  flush(): void {
    this.#asked = false;
    const { senders } = this.#options.connections;
    const reserved = this.#urgent !== undefined && senders.length > 1 ? 1 : 0;
    if (this.#urgent !== undefined) {
      this.#drain(this.#urgent, senders.length - reserved, senders.length);
      this.#drain(this.#urgent, 0, senders.length);
      this.#urgent.settle();
    }
    this.#drain(this.#queue, 0, senders.length - reserved);
    this.#queue.settle();
    this.#behind = this.frames > 0;
    this.chargeWire();
  }

  clear(reason: DropReason): void {
    this.#queue.clear(reason);
    this.#urgent?.clear(reason);
    this.#behind = false;
    this.chargeWire();
  }

  /** What sockets have not sent is memory as well: it counts in the budget. */
  chargeWire(): void {
    let bytes = 0;
    for (const { wire, ended } of this.#options.connections.senders) {
      if (!ended) bytes += wire.bufferedBytes;
    }
    if (bytes === this.#wireBytes) return;
    this.#options.budget.take(bytes - this.#wireBytes);
    this.#wireBytes = bytes;
  }

  #askFlush(): void {
    if (this.#asked) return;
    this.#asked = true;
    this.#options.flushQueue.add(this);
  }

  /** Write batches to the senders from `first` up to `end`, while one of them has room. */
  #drain(queue: SendQueue, first: number, end: number): void {
    while (queue.frames > 0) {
      const connection = this.#choose(first, end);
      if (connection === undefined) return;
      const batch = queue.takeBatch(this.#options.limits.batchBytesMax);
      if (batch !== undefined) this.#write(connection, batch);
    }
  }

  /**
   * The one with the least backlog. Ties stay with the connection used last, so that a quiet
   * session's frames keep their order.
   */
  #choose(first: number, end: number): Connection | undefined {
    const { connections, limits, budget } = this.#options;
    const { senders } = connections;
    const shareBytes = Math.min(limits.wireBytesMax, budget.allowanceBytes) / senders.length;
    const roomBytes = Math.max(limits.wireBytesMin, shareBytes);
    let chosen: Connection | undefined;
    let leastBytes = roomBytes;
    for (let i = first; i < end; i++) {
      const connection = senders[i] as Connection;
      const backlog = connection.wire.bufferedBytes;
      if (backlog > leastBytes || backlog >= roomBytes) continue;
      if (backlog === leastBytes && connection !== this.#lastUsed) continue;
      chosen = connection;
      leastBytes = backlog;
    }
    if (chosen !== undefined) this.#lastUsed = chosen;
    return chosen;
  }

  #write(connection: Connection, batch: Buffer): void {
    const { compressed, counters, flushQueue, nowMs } = this.#options;
    const frames = batch.readUInt32BE(0);
    counters.framesSent += frames;
    counters.bytesSent += batch.length - 4 - 4 * frames;
    if (compressed) {
      connection.send(deflateBatch(batch), nowMs(), () => this.#onTaken());
      flushQueue.gathering.give(batch);
    } else {
      connection.send(batch, nowMs(), () => {
        flushQueue.gathering.give(batch);
        this.#onTaken();
      });
    }
  }

  /** A batch is with the kernel: at once the next, if there is one. */
  #onTaken(): void {
    if (this.frames > 0) this.flush();
    else this.chargeWire();
  }
}
