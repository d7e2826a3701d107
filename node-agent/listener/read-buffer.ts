import type { TLSSocket } from 'node:tls';

/** A record of TLS has at most 16 KiB; the runtime hands on one at a time. */
const readBytesMax = 65_536;

/** What the runtime's sockets have inside; `net.connect` has it as the option `onread`. */
interface Inside {
  readonly _handle?: { useUserBuffer?: (buffer: Uint8Array) => void } | null;
  [field: symbol]: unknown;
}

/**
 * One buffer in which all sockets of a thread read, instead of a new one for each read: nothing is
 * allocated, nothing collected, and what was just read is in the processor's cache. Node offers
 * this to sockets that connect (`onread`); accepted ones have the same fields inside and no option.
 */
export class ReadBuffer {
  readonly #bytes = Buffer.alloc(readBytesMax);

  /**
   * From the next read on, hand what arrives to `onBytes`, which must be done with it when it
   * returns, instead of emitting `data`. False: this runtime does not have what it takes.
   */
  serve(socket: TLSSocket, onBytes: (bytes: Buffer) => void): boolean {
    const inside = socket as unknown as Inside;
    const symbols = Object.getOwnPropertySymbols(socket);
    const named = (name: string) => symbols.find(({ description }) => description === name);
    const [buffer, callback] = [named('kBuffer'), named('kBufferCb')];
    const handle = inside._handle;
    if (buffer === undefined || callback === undefined) return false;
    if (handle?.useUserBuffer === undefined) return false;
    inside[buffer] = this.#bytes;
    inside[callback] = (bytes: number) => {
      onBytes(this.#bytes.subarray(0, bytes));
      return true;
    };
    handle.useUserBuffer(this.#bytes);
    return true;
  }
}
