import { connectBodyBytesMax, connectTarget, loginBodyBytesMax } from '#shared/wire/http.ts';
import { WireError } from '#shared/wire/wire-error.ts';

/** One request of the handshake, whole. */
export interface HttpRequest {
  readonly method: string;
  readonly target: string;
  /** As sent; empty if not. */
  readonly contentType: string;
  readonly body: Buffer;
}

/** Bounds of the requests a stranger may send (protocol/02 §3). */
export const requestLimits = {
  headBytesMax: 8_192,
  lineBytesMax: 4_096,
  headersMax: 64,
  targetBytesMax: 1_024,
} as const;

interface Head {
  readonly method: string;
  readonly target: string;
  readonly contentType: string;
  readonly bodyBytes: number;
  /** Bytes of the head, its empty line included. */
  readonly bytes: number;
}

const headEnd = Buffer.from('\r\n\r\n');
const heldBytesLeast = 1_024;

/**
 * HTTP/1.1 as clients of the handshake speak it (RFC 9112): Content-Length bodies, one request at a
 * time. Sans-I/O; it never holds more than one request within its limits and the last chunk.
 */
export class RequestParser {
  /** Received and not yet handed on: `#length` bytes of `#held`. */
  #held = Buffer.alloc(0);
  #length = 0;
  #head: Head | undefined;

  /** Bytes of memory held. */
  get heldBytes(): number {
    return this.#held.length;
  }

  /**
   * Take a chunk; the answer is the request it completed, if any. Ask {@link next} for more only
   * after that one was answered.
   *
   * @throws {WireError} `http-…`: the connection is of no further use
   */
  push(chunk: Buffer): HttpRequest | undefined {
    this.#append(chunk);
    return this.next();
  }

  /** The next request, if it is already here. */
  next(): HttpRequest | undefined {
    this.#head ??= this.#readHead();
    if (this.#head === undefined) return undefined;
    const { method, target, contentType, bodyBytes, bytes } = this.#head;
    if (this.#length < bytes + bodyBytes) return undefined;
    const body = Buffer.from(this.#held.subarray(bytes, bytes + bodyBytes));
    this.#drop(bytes + bodyBytes);
    this.#head = undefined;
    return { method, target, contentType, body };
  }

  /** What came after the last request: the stream's first bytes. Ends the parser. */
  takeRest(): Buffer {
    const rest = this.#held.subarray(0, this.#length);
    this.#held = Buffer.alloc(0);
    this.#length = 0;
    return rest;
  }

  #append(chunk: Buffer): void {
    const needed = this.#length + chunk.length;
    if (needed > this.#held.length) {
      const grown = Buffer.allocUnsafeSlow(Math.max(heldBytesLeast, 2 * this.#held.length, needed));
      this.#held.copy(grown, 0, 0, this.#length);
      this.#held = grown;
    }
    chunk.copy(this.#held, this.#length);
    this.#length = needed;
  }

  #drop(bytes: number): void {
    this.#held = this.#held.subarray(bytes);
    this.#length -= bytes;
  }

  #readHead(): Head | undefined {
    if (this.#length === 0) return undefined;
    const held = this.#held.subarray(0, Math.min(this.#length, requestLimits.headBytesMax));
    const first = held[0] as number;
    if (first < 0x41 || first > 0x5a) throw malformed('no method');
    const end = held.indexOf(headEnd);
    if (end >= 0) return parseHead(held.toString('latin1', 0, end), end + headEnd.length);
    if (held.length === requestLimits.headBytesMax) throw overLimit('head');
    return undefined;
  }
}

function parseHead(text: string, bytes: number): Head {
  const [requestLine = '', ...lines] = text.split('\r\n');
  if (lines.length > requestLimits.headersMax) throw overLimit('number of headers');
  const { method, target } = parseRequestLine(requestLine);
  const headers = parseHeaders(lines);
  if (headers.has('transfer-encoding')) throw unsupported('transfer coding');
  const bodyBytes = parseLength(headers.get('content-length') ?? '0');
  if (bodyBytes > bodyBytesMax(method, target)) throw overLimit(`body of ${bodyBytes} bytes`);
  return { method, target, contentType: headers.get('content-type') ?? '', bodyBytes, bytes };
}

function parseRequestLine(line: string): { method: string; target: string } {
  const match = /^([A-Z]{1,16}) (\/[\x21-\x7e]*) HTTP\/1\.([01])$/.exec(line);
  if (match === null) throw malformed('request line');
  const [, method = '', target = '', minor] = match;
  if (minor !== '1') throw unsupported('HTTP version');
  if (target.length > requestLimits.targetBytesMax) throw overLimit('target');
  return { method, target };
}

function parseHeaders(lines: readonly string[]): Map<string, string> {
  const headers = new Map<string, string>();
  for (const line of lines) {
    if (line.length > requestLimits.lineBytesMax) throw overLimit('header line');
    // White space is cut off outside: an expression that could share it out would try every way.
    const match = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+):([\t\x20-\x7e\x80-\xff]*)$/.exec(line);
    if (match === null) throw malformed('header line');
    const name = (match[1] ?? '').toLowerCase();
    if (name === 'content-length' && headers.has(name)) throw malformed('two lengths');
    headers.set(name, (match[2] ?? '').trim());
  }
  return headers;
}

function parseLength(text: string): number {
  if (!/^\d{1,9}$/.test(text)) throw malformed('content length');
  return Number(text);
}

function bodyBytesMax(method: string, target: string): number {
  if (method !== 'POST') return 0;
  return target === connectTarget ? connectBodyBytesMax : loginBodyBytesMax;
}

function malformed(what: string): WireError {
  return new WireError('http-malformed', what);
}

function overLimit(what: string): WireError {
  return new WireError('http-over-limit', `${what}: over the limit`);
}

function unsupported(what: string): WireError {
  return new WireError('http-unsupported', what);
}
