import { createServer, type Server, type TLSSocket } from 'node:tls';
import { FrameDecoder } from '#node-agent/stream/frame-batch.ts';
import { encodeHello } from '#shared/wire/hello.ts';
import { packContentType, probePage } from '#shared/wire/http.ts';
import { decodePack, encodePack, loginPackLimits, type Pack } from '#shared/wire/pack.ts';
import { defaultPolicy } from '#shared/wire/policy.ts';
import type { Welcome } from '#shared/wire/welcome.ts';
import { type SelfSigned, selfSignedCertificate } from '#shared/x509/self-signed.ts';

export const helloRandom = Buffer.alloc(20, 9);
export const sessionKey = Buffer.alloc(20, 5);

export const plainWelcome: Welcome = {
  sessionName: 'SID-ALICE-1',
  connectionName: 'CID-1',
  sessionKey,
  sessionKey32: 1,
  maxConnection: 1,
  useCompress: false,
  halfConnection: false,
  qos: false,
  timeoutMs: 20_000,
  policy: defaultPolicy,
};

/** Made once: a key costs time. */
const certificates = [newCertificate(), newCertificate()] as const;

export interface ScriptedServerOptions {
  /** What to answer a PACK posted to vpn.cgi; nothing: keep silent. */
  readonly answer: (pack: Pack, link: ScriptedLink) => Pack | undefined;
  /** Instead of everything else: do this with a fresh connection. */
  readonly greet?: (link: ScriptedLink) => void;
  /** Which of the two certificates. */
  readonly certificate?: 0 | 1;
  /** The port of another scripted server that has closed. */
  readonly port?: number;
}

/** One connection at a scripted server, as HTTP and after `stream` as records. */
export class ScriptedLink {
  readonly socket: TLSSocket;
  /** Request lines in order, with the PACK if there was one. */
  readonly requests: { readonly line: string; readonly pack: Pack | undefined }[] = [];
  readonly frames: string[] = [];
  readonly keepAlivesAtMs: number[] = [];
  /** The peer ended with close_notify, not with a reset. */
  endedWell = false;
  #http = Buffer.alloc(0);
  #decoder: FrameDecoder | undefined;
  readonly #options: ScriptedServerOptions;

  constructor(socket: TLSSocket, options: ScriptedServerOptions) {
    this.socket = socket;
    this.#options = options;
    socket.on('data', (chunk: Buffer) => {
      if (this.#decoder === undefined) this.#readHttp(chunk);
      else this.#decoder.push(chunk);
    });
    socket.on('end', () => {
      this.endedWell = true;
    });
    socket.on('error', () => undefined);
  }

  /** From the next byte on there are records. */
  stream(): void {
    this.#decoder = new FrameDecoder({
      onFrame: (frame) => this.frames.push(frame.toString('latin1')),
      onKeepAlive: () => this.keepAlivesAtMs.push(performance.now()),
      onDrop: () => undefined,
    });
    this.#decoder.push(this.#http);
    this.#http = Buffer.alloc(0);
  }

  #readHttp(chunk: Buffer): void {
    this.#http = Buffer.concat([this.#http, chunk]);
    for (;;) {
      const end = this.#http.indexOf('\r\n\r\n');
      if (end < 0) return;
      const head = this.#http.toString('latin1', 0, end);
      const length = Number(/^Content-Length: (\d+)$/m.exec(head)?.[1] ?? 0);
      if (this.#http.length < end + 4 + length) return;
      const body = this.#http.subarray(end + 4, end + 4 + length);
      this.#http = this.#http.subarray(end + 4 + length);
      this.#serve(head.split('\r\n')[0] ?? '', body);
    }
  }

  #serve(line: string, body: Buffer): void {
    const isPack = line.startsWith('POST /vpnsvc/vpn.cgi ');
    const pack = isPack ? decodePack(body, loginPackLimits) : undefined;
    this.requests.push({ line, pack });
    if (line.startsWith('GET / ')) this.socket.write(response(probePage, 403, 'text/html'));
    else if (pack === undefined) this.socket.write(packResponse(scriptedHello));
    else {
      const answer = this.#options.answer(pack, this);
      if (answer !== undefined) this.socket.write(packResponse(answer));
    }
  }
}

const scriptedHello = encodeHello({
  hello: 'echo-token-1',
  version: 502,
  build: 5187,
  random: helloRandom,
});

/** A TLS server on loopback that says what its script says. */
export class ScriptedServer {
  readonly port: number;
  readonly certificate: Buffer;
  readonly links: ScriptedLink[] = [];
  readonly #server: Server;

  private constructor(server: Server, port: number, certificate: Buffer) {
    this.#server = server;
    this.port = port;
    this.certificate = certificate;
  }

  static async start(options: ScriptedServerOptions): Promise<ScriptedServer> {
    const certificate = certificates[options.certificate ?? 0];
    const server = createServer({ key: certificate.keyPem, cert: certificate.certPem });
    await new Promise<void>((resolve) => {
      server.listen(options.port ?? 0, '127.0.0.1', resolve);
    });
    const address = server.address();
    if (address === null || typeof address === 'string') throw new Error('no port');
    const scripted = new ScriptedServer(server, address.port, certificate.certDer);
    server.on('secureConnection', (socket) => {
      const link = new ScriptedLink(socket, options);
      scripted.links.push(link);
      options.greet?.(link);
    });
    server.on('tlsClientError', () => undefined);
    return scripted;
  }

  get openLinks(): number {
    return this.links.filter(({ socket }) => !socket.destroyed).length;
  }

  /** End without any goodbye. */
  async close(): Promise<void> {
    const closed = new Promise((resolve) => this.#server.close(resolve));
    for (const { socket } of this.links) socket.destroy();
    await closed;
  }
}

export function response(
  body: Buffer | string,
  status = 200,
  contentType = packContentType,
): Buffer {
  const bytes = Buffer.from(body);
  const head = [
    `HTTP/1.1 ${status} OK`,
    `Content-Length: ${bytes.length}`,
    `Content-Type: ${contentType}`,
    '',
    '',
  ].join('\r\n');
  return Buffer.concat([Buffer.from(head), bytes]);
}

export function packResponse(pack: Pack): Buffer {
  return response(encodePack(pack));
}

function newCertificate(): SelfSigned {
  return selfSignedCertificate({ commonName: '127.0.0.1', validDays: 1, nowMs: Date.now() });
}
