import type { TLSSocket } from 'node:tls';
import type { Wire } from '../session/wire.ts';
import type { Lingering } from './lingering.ts';

interface Held {
  readonly bytes: Buffer;
  readonly onTaken: (() => void) | undefined;
}

/** {@link Wire} over a TLS socket. */
export class SocketWire implements Wire {
  readonly #socket: TLSSocket;
  readonly #lingering: Lingering;
  /** What waits for {@link release}; undefined while nothing needs to. */
  #held: Held[] | undefined;
  #heldBytes = 0;

  constructor(socket: TLSSocket, lingering: Lingering) {
    this.#socket = socket;
    this.#lingering = lingering;
  }

  get bufferedBytes(): number {
    return this.#socket.writableLength + this.#heldBytes;
  }

  /** Keep what is written from here on; its bytes count as buffered, which bounds them. */
  hold(): void {
    this.#held ??= [];
  }

  /** Write what was held. */
  release(): void {
    const held = this.#held ?? [];
    this.#held = undefined;
    this.#heldBytes = 0;
    for (const { bytes, onTaken } of held) this.write(bytes, onTaken);
  }

  write(bytes: Buffer, onTaken?: () => void): void {
    if (this.#held !== undefined) {
      this.#held.push({ bytes, onTaken });
      this.#heldBytes += bytes.length;
    } else if (this.#socket.writable) {
      this.#socket.write(bytes, onTaken && ((error) => (error ? undefined : onTaken())));
    }
  }

  end(): void {
    this.#held = undefined;
    this.#heldBytes = 0;
    this.#lingering.end(this.#socket);
  }
}
