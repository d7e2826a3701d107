import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { describeErrorCode, errorCode } from '#shared/wire/error-code.ts';
import { AdminError } from './admin-error.ts';
import { Fields } from './fields.ts';
import { type RpcObject, render } from './rpc-object.ts';

export interface RpcRequest {
  readonly id: string;
  readonly method: string;
  readonly fields: Fields;
}

export type ParsedRequest =
  | { readonly kind: 'request'; readonly request: RpcRequest }
  | { readonly kind: 'malformed'; readonly id: string; readonly error: AdminError };

/** What comes back for an id that is missing or no string, as from genuine servers. */
const noId = '0';
const idCharsMax = 255;

/**
 * Largest answer, bytes. A load balancer passes 1 MiB of a function's answer on, escaping or
 * base64 included.
 */
export const answerBytesMax = 700 * 1024;

/** One JSON-RPC 2.0 call in SoftEther's reading of it: no batch, no notification, object params. */
export function parseRequest(body: string): ParsedRequest {
  const envelope = objectIn(body);
  if (envelope === undefined) return malformed(noId, 'the body is no JSON object');
  if (envelope['jsonrpc'] !== '2.0') return malformed(noId, 'jsonrpc is not "2.0"');
  const id = idOf(envelope['id']);
  const { method, params } = envelope;
  if (typeof method !== 'string' || method === '') return malformed(id, 'no method is named');
  if (!isObject(params)) return malformed(id, 'params are no object');
  return { kind: 'request', request: { id, method, fields: new Fields(params) } };
}

/** An answer as it is sent; `encoding` is for Content-Encoding. */
export interface Answer {
  readonly body: string | Uint8Array<ArrayBuffer>;
  readonly encoding?: 'gzip';
}

/**
 * The answer to a call that was carried out: printed, without spaces if that is too long, and
 * compressed if the caller can read that. @throws {AdminError} when it is too long even so.
 */
export async function resultAnswer(
  id: string,
  result: RpcObject,
  readsGzip: boolean,
): Promise<Answer> {
  const printed = envelopeOf('result', result, id, false);
  if (Buffer.byteLength(printed) <= answerBytesMax) return { body: printed };
  const compact = envelopeOf('result', result, id, true);
  if (Buffer.byteLength(compact) <= answerBytesMax) return { body: compact };
  const body = readsGzip ? await compress(compact) : undefined;
  if (body !== undefined && body.length <= answerBytesMax) return { body, encoding: 'gzip' };
  throw new AdminError(errorCode.tooManyItems, 'the answer is longer than may be sent');
}

const explained: ReadonlySet<number> = new Set([
  errorCode.invalidParameter,
  errorCode.disconnected,
  errorCode.tooManyItems,
]);

/** The answer to a refused call; the HTTP status stays 200. */
export function errorBody(id: string, error: AdminError): string {
  // Some get their reason told: it may name a field, never what was in it.
  const detail = explained.has(error.code) ? ` (${error.reason})` : '';
  const message = `Error code ${error.code}: ${describeErrorCode(error.code)}${detail}`;
  return envelopeOf('error', { code: error.code, message }, id, false);
}

const compress = promisify<string, Buffer<ArrayBuffer>>(gzip);

/** Genuine servers put the id last. */
function envelopeOf(kind: string, value: RpcObject, id: string, compact: boolean): string {
  const [line, space] = compact ? ['', ''] : ['\n', '    '];
  return [
    '{',
    `${space}"${kind}": ${render(value, compact, space)},`,
    `${space}"jsonrpc": "2.0",`,
    `${space}"id": ${JSON.stringify(id)}`,
    '}',
  ].join(line);
}

function malformed(id: string, reason: string): ParsedRequest {
  return { kind: 'malformed', id, error: new AdminError(errorCode.invalidParameter, reason) };
}

function objectIn(body: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(body);
    return isObject(value) ? value : undefined;
  } catch {
    return undefined; // a peer's mistake, told by the caller
  }
}

function idOf(id: unknown): string {
  return typeof id === 'string' && id.length <= idCharsMax ? id : noId;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
