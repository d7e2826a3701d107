import type { TLSSocket } from 'node:tls';
import type { Wire } from '../session/wire.ts';
import type { Lingering } from './lingering.ts';

/** {@link Wire} over a TLS socket. */
export class SocketWire implements Wire {
  readonly #socket: TLSSocket;
  readonly #lingering: Lingering;

  constructor(socket: TLSSocket, lingering: Lingering) {
    this.#socket = socket;
    this.#lingering = lingering;
  }

  get bufferedBytes(): number {
    return this.#socket.writableLength;
  }

  write(bytes: Buffer): void {
    if (this.#socket.writable) this.#socket.write(bytes);
  }

  end(): void {
    this.#lingering.end(this.#socket);
  }
}
