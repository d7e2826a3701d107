import { assert } from '#shared/kernel/assert.ts';
import { WireError } from '#shared/wire/wire-error.ts';

/** A genuine client reads no longer line, keeps no more header lines. */
const lineBytesMax = 4096;
const headerLinesMax = 128;
const headBytesMax = 32_768;

const endOfHead = Buffer.from('\r\n\r\n');

export interface HttpResponse {
  readonly status: number;
  readonly contentType: string;
  readonly body: Buffer;
}

/**
 * One HTTP response, accepted as strictly as genuine clients accept it (`protocol/02` §4): what
 * passes here passes there. A parser is for one response.
 */
export class ResponseParser {
  readonly #bodyBytesMax: number;
  #head: Buffer | undefined = Buffer.allocUnsafe(headBytesMax);
  #headBytes = 0;
  #parsed: { status: number; contentType: string } | undefined;
  #body = Buffer.alloc(0);
  #bodyBytes = 0;

  constructor(bodyBytesMax: number) {
    this.#bodyBytesMax = bodyBytesMax;
  }

  /**
   * Read on; once the response is complete, it and the bytes after it.
   *
   * @throws {WireError} `http-…`
   */
  push(chunk: Buffer): { response: HttpResponse; rest: Buffer } | undefined {
    const body = this.#head === undefined ? chunk : this.#readHead(this.#head, chunk);
    if (body === undefined || this.#parsed === undefined) return undefined;
    const taken = body.copy(this.#body, this.#bodyBytes);
    this.#bodyBytes += taken;
    if (this.#bodyBytes < this.#body.length) return undefined;
    return { response: { ...this.#parsed, body: this.#body }, rest: body.subarray(taken) };
  }

  /** The part of the chunk that belongs to the body, once the head is complete. */
  #readHead(head: Buffer, chunk: Buffer): Buffer | undefined {
    const before = this.#headBytes;
    this.#headBytes += chunk.copy(head, before);
    const searchFrom = Math.max(0, before - endOfHead.length + 1);
    const end = head.subarray(0, this.#headBytes).indexOf(endOfHead, searchFrom);
    if (end < 0) {
      if (this.#headBytes === headBytesMax) throw overLimit('head');
      return undefined;
    }
    this.#head = undefined;
    const { contentLength, ...parsed } = parseHead(head.toString('latin1', 0, end));
    if (contentLength > this.#bodyBytesMax) throw overLimit(`body of ${contentLength} bytes`);
    this.#parsed = parsed;
    this.#body = Buffer.allocUnsafe(contentLength);
    const bodyFrom = end + endOfHead.length - before;
    assert(bodyFrom >= 0 && bodyFrom <= chunk.length, 'the head ended in this chunk');
    return chunk.subarray(bodyFrom);
  }
}

function parseHead(head: string): { status: number; contentType: string; contentLength: number } {
  const [statusLine = '', ...lines] = head.split('\r\n');
  if (lines.length > headerLinesMax) throw overLimit('header lines');
  const [version, status = '', ...reason] = statusLine.split(' ');
  if (version !== 'HTTP/1.1' || !/^\d{3}$/.test(status) || reason.length === 0) {
    throw new WireError('http-malformed', 'bad status line');
  }
  const headers = new Map(lines.map(parseHeader));
  if (headers.has('transfer-encoding')) {
    throw new WireError('http-unsupported', 'Transfer-Encoding');
  }
  const contentLength = headers.get('content-length') ?? '';
  if (!/^\d{1,10}$/.test(contentLength) || Number(contentLength) === 0) {
    throw new WireError('http-malformed', 'no usable Content-Length');
  }
  return {
    status: Number(status),
    contentType: headers.get('content-type') ?? '',
    contentLength: Number(contentLength),
  };
}

/** A line without a colon, or without a value, makes a genuine client refuse the response. */
function parseHeader(line: string): [name: string, value: string] {
  if (line.length > lineBytesMax) throw overLimit('header line');
  const colon = line.indexOf(':');
  const value = line.slice(colon + 1).trim();
  if (colon < 1 || value === '') throw new WireError('http-malformed', 'bad header line');
  return [line.slice(0, colon).trim().toLowerCase(), value];
}

function overLimit(what: string): WireError {
  return new WireError('http-over-limit', `${what}: over the limit`);
}
