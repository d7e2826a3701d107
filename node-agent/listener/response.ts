import { below, type Random } from '#shared/kernel/random.ts';
import { packContentType, probePage } from '#shared/wire/http.ts';
import { encodePack, type Pack } from '#shared/wire/pack.ts';

/** Genuine programs vary the length of every PACK by up to this many bytes (protocol/01). */
const paddingBytesMax = 1_000;

const reasons = { 200: 'OK', 403: 'Forbidden', 404: 'Not Found' } as const;

/** A PACK as clients accept it: status 200, exact content type, a length, nothing else. */
export function packResponse(pack: Pack): Buffer {
  return response(200, packContentType, encodePack(pack));
}

/** `GET /` and everything else that is no request of the handshake (protocol/02 §4). */
export function pageResponse(status: 403 | 404): Buffer {
  return response(status, 'text/html; charset=iso-8859-1', Buffer.from(probePage, 'latin1'));
}

export function padding(random: Random): Buffer {
  return random.bytes(below(random, paddingBytesMax));
}

function response(status: keyof typeof reasons, contentType: string, body: Buffer): Buffer {
  const head = [
    `HTTP/1.1 ${status} ${reasons[status]}`,
    `Content-Type: ${contentType}`,
    `Content-Length: ${body.length}`,
    'Connection: Keep-Alive',
    '',
    '',
  ].join('\r\n');
  return Buffer.concat([Buffer.from(head, 'latin1'), body]);
}
