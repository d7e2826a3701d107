import type { Clock } from '#shared/kernel/clock.ts';
import { below, type Random } from '#shared/kernel/random.ts';
import { readError } from '#shared/wire/error-answer.ts';
import { decodeHello, type Hello } from '#shared/wire/hello.ts';
import {
  connectBody,
  connectContentType,
  connectTarget,
  packContentType,
  probePage,
  vpnTarget,
} from '#shared/wire/http.ts';
import { answerPackLimits, decodePack, encodePack, type Pack } from '#shared/wire/pack.ts';
import { WireError } from '#shared/wire/wire-error.ts';
import { type Channel, nameOf } from './channel.ts';
import { DialError } from './dial-error.ts';
import type { HttpResponse } from './response-parser.ts';

/** Genuine senders pad with 0..999 bytes. */
const paddingBytesEnd = 1000;
/** By this much of its body a probe answer is recognised (`protocol/02` §4 a). */
const probeMark = probePage.slice(0, probePage.indexOf('access ') + 'access '.length);

export interface HandshakeParts {
  readonly clock: Clock;
  readonly random: Random;
}

/** `GET /`, as clients up to 5.01 send it first. @throws {DialError} if the body is another's */
export async function probe(channel: Channel): Promise<void> {
  const response = await channel.request(
    head('GET / HTTP/1.1', [
      'X-VPN: 1',
      `Host: ${channel.host}`,
      'Keep-Alive: timeout=15; max=19',
      'Connection: Keep-Alive',
    ]),
  );
  if (!response.body.toString('latin1').startsWith(probeMark)) {
    throw new DialError('not-a-vpn-server', `${nameOf(channel.target)} probe`);
  }
}

/** `connect.cgi`: the server's Hello, or the error number it has instead. @throws {DialError} */
export async function hello(channel: Channel): Promise<Hello | number> {
  const body = Buffer.from(connectBody);
  const request = head(`POST ${connectTarget} HTTP/1.1`, [
    'Connection: Keep-Alive',
    `Content-Length: ${body.length}`,
    `Content-Type: ${connectContentType}`,
    `Host: ${channel.host}`,
  ]);
  const response = await channel.request(Buffer.concat([request, body]));
  return read(channel, 'not-a-vpn-server', () => {
    const pack = packOf(response);
    return readError(pack) || decodeHello(pack);
  });
}

/** `vpn.cgi`: post a PACK and read the answer. @throws {DialError} */
export async function ask(channel: Channel, pack: Pack, parts: HandshakeParts): Promise<Pack> {
  const response = await channel.request(packRequest(channel, pack, parts));
  return read(channel, 'protocol', () => packOf(response));
}

/** The bytes of a PACK request. */
export function packRequest(channel: Channel, pack: Pack, parts: HandshakeParts): Buffer {
  const body = encodePack(pack);
  const request = head(`POST ${vpnTarget} HTTP/1.1`, [
    'Connection: Keep-Alive',
    `Content-Length: ${body.length}`,
    `Content-Type: ${packContentType}`,
    `Date: ${new Date(parts.clock.nowMs()).toUTCString()}`,
    `Host: ${channel.host}`,
    'Keep-Alive: timeout=15; max=19',
  ]);
  return Buffer.concat([request, body]);
}

export function padding(random: Random): Buffer {
  return random.bytes(below(random, paddingBytesEnd));
}

/** Run a reader of what the peer sent; what it did wrong becomes a `DialError`. */
export function read<T>(
  channel: Channel,
  failure: 'protocol' | 'not-a-vpn-server',
  reader: () => T,
): T {
  try {
    return reader();
  } catch (error) {
    if (!(error instanceof WireError)) throw error;
    throw new DialError(failure, nameOf(channel.target), { cause: error });
  }
}

/** As genuine clients: status exactly 200, content type exact to the byte. */
function packOf(response: HttpResponse): Pack {
  if (response.status !== 200) {
    throw new WireError('http-unsupported', `status ${response.status}`);
  }
  if (response.contentType !== packContentType) {
    throw new WireError('http-unsupported', `content type ${response.contentType}`);
  }
  return decodePack(response.body, answerPackLimits);
}

function head(requestLine: string, headers: readonly string[]): Buffer {
  return Buffer.from([requestLine, ...headers, '', ''].join('\r\n'), 'latin1');
}
