import type { Direction } from '#shared/wire/additional-connect.ts';
import type { Connection } from './connection.ts';

/** The connections of one session, and where frames may flow on them (protocol/05 §5). */
export class ConnectionSet {
  readonly #halfDuplex: boolean;
  readonly #all: Connection[] = [];
  readonly #senders: Connection[] = [];
  readonly #receivers: Connection[] = [];

  constructor(halfDuplex: boolean) {
    this.#halfDuplex = halfDuplex;
  }

  get all(): readonly Connection[] {
    return this.#all;
  }

  /** We may send on these, in the order they joined. */
  get senders(): readonly Connection[] {
    return this.#senders;
  }

  /** The client may send on these. */
  get receivers(): readonly Connection[] {
    return this.#receivers;
  }

  /**
   * What the next connection is for. Half duplex begins with the client's direction, so that a
   * session without any other hears from its client first, and goes on as genuine servers do:
   * client to server once the other direction has more.
   */
  get nextDirection(): Direction {
    if (!this.#halfDuplex) return 'both';
    const ours = this.#senders.length;
    const theirs = this.#receivers.length;
    return theirs === 0 || ours > theirs ? 'client-to-server' : 'server-to-client';
  }

  add(connection: Connection, direction: Direction): void {
    this.#all.push(connection);
    if (direction !== 'client-to-server') this.#senders.push(connection);
    if (direction !== 'server-to-client') this.#receivers.push(connection);
  }

  remove(connection: Connection): void {
    for (const list of [this.#all, this.#senders, this.#receivers]) {
      const index = list.indexOf(connection);
      if (index >= 0) list.splice(index, 1);
    }
  }

  /** When this side last heard anything on any of them. */
  get heardMs(): number {
    let heardMs = Number.NEGATIVE_INFINITY;
    for (const connection of this.#all) heardMs = Math.max(heardMs, connection.lastReceivedMs);
    return heardMs;
  }
}
