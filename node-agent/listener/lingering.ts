import type { Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import type { Timers } from '#shared/kernel/clock.ts';

export interface LingeringLimits {
  readonly lingerMs: number;
  readonly lingeringMax: number;
}

/**
 * Ends sockets in order: what was written, close_notify, FIN, and then a moment for the peer to
 * answer with its own (protocol/04 §4: an unclean end damages 5.01 clients). Only who takes too
 * long, or longest of too many, is cut off.
 */
export class Lingering {
  readonly #timers: Timers;
  readonly #limits: LingeringLimits;
  readonly #sockets = new Set<Socket>();

  constructor(timers: Timers, limits: LingeringLimits) {
    this.#timers = timers;
    this.#limits = limits;
  }

  get size(): number {
    return this.#sockets.size;
  }

  end(socket: TLSSocket): void {
    if (socket.destroyed || this.#sockets.has(socket)) return;
    if (this.#sockets.size >= this.#limits.lingeringMax) {
      const [oldest] = this.#sockets;
      oldest?.destroy();
    }
    this.#sockets.add(socket);
    const cancel = this.#timers.after(this.#limits.lingerMs, () => socket.destroy());
    socket.once('close', () => {
      cancel();
      this.#sockets.delete(socket);
    });
    socket.resume(); // what still arrives is read and forgotten, or the FIN behind it never comes
    socket.end();
  }
}
