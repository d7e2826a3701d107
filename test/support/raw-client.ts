import { connect, type Socket } from 'node:net';
import { type TLSSocket, connect as tlsConnect } from 'node:tls';
import { ResponseParser } from '#node-agent/dial/response-parser.ts';
import { connectBody, connectTarget, packContentType, vpnTarget } from '#shared/wire/http.ts';
import { answerPackLimits, decodePack, encodePack, type Pack } from '#shared/wire/pack.ts';

const deadlineMs = 5_000;

/** A client that sends what the test says, byte for byte, over TLS. */
export class RawClient {
  readonly socket: TLSSocket;
  readonly #received: Buffer[] = [];
  /** How the server ended it: `end` is close_notify and FIN. */
  ended: 'end' | 'error' | undefined;

  private constructor(socket: TLSSocket) {
    this.socket = socket;
    socket.on('data', (chunk: Buffer) => this.#received.push(chunk));
    socket.on('end', () => {
      this.ended ??= 'end';
    });
    socket.on('error', () => {
      this.ended ??= 'error';
    });
  }

  static open(port: number): Promise<RawClient> {
    return new Promise((resolve, reject) => {
      const socket = tlsConnect({ port, host: '127.0.0.1', rejectUnauthorized: false }, () => {
        socket.off('error', reject);
        resolve(new RawClient(socket));
      });
      socket.once('error', reject);
    });
  }

  /** Bytes that no request has taken. */
  received(): Buffer {
    return Buffer.concat(this.#received);
  }

  post(target: string, body: Uint8Array, contentType = packContentType): void {
    const type = `Content-Type: ${contentType}`;
    const length = `Content-Length: ${body.length}`;
    this.socket.write([`POST ${target} HTTP/1.1`, type, length, '', ''].join('\r\n'));
    this.socket.write(body);
  }

  async hello(): Promise<Pack> {
    this.post(connectTarget, Buffer.from(connectBody), 'image/jpeg');
    return this.pack();
  }

  /** Post a PACK and read the answer. */
  async ask(pack: Pack): Promise<Pack> {
    this.post(vpnTarget, encodePack(pack));
    return this.pack();
  }

  /** The next answer; what follows it stays in {@link received}. */
  async pack(): Promise<Pack> {
    return decodePack((await this.response()).body, answerPackLimits);
  }

  async response(): Promise<{ status: number; contentType: string; body: Buffer }> {
    const parser = new ResponseParser(answerPackLimits.packBytesMax);
    const untilMs = performance.now() + deadlineMs;
    while (performance.now() < untilMs) {
      const chunk = this.#received.shift();
      if (chunk === undefined) {
        if (this.ended !== undefined) break;
        await new Promise((resolve) => setTimeout(resolve, 5));
        continue;
      }
      const complete = parser.push(chunk);
      if (complete === undefined) continue;
      if (complete.rest.length > 0) this.#received.unshift(complete.rest);
      return complete.response;
    }
    throw new Error(`no answer; the connection: ${this.ended ?? 'open'}`);
  }

  close(): void {
    this.socket.destroy();
  }
}

/** A bare TCP connection, for what is not even TLS. */
export function tcp(port: number): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1', () => resolve(socket));
    socket.on('error', reject);
  });
}
