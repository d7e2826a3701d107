import { randomBytes } from 'node:crypto';
import type { Socket } from 'node:net';
import { connect as tlsConnect } from 'node:tls';
import { tcp } from '#test/support/raw-client.ts';

/** One connection of a stranger; those of the slow kind stay open. */
export type Attack = (port: number) => Promise<{ destroy(): void }>;

async function overTls(port: number, bytes: Buffer | string): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = tlsConnect({ port, host: '127.0.0.1', rejectUnauthorized: false }, () => {
      socket.write(bytes);
      resolve(socket);
    });
    socket.on('error', () => undefined);
    socket.once('error', reject);
  });
}

export async function overTcp(port: number, bytes: Buffer | string): Promise<Socket> {
  const socket = await tcp(port);
  socket.on('error', () => undefined);
  socket.write(bytes);
  return socket;
}

const post = 'POST /vpnsvc/vpn.cgi HTTP/1.1\r\n';
/** What strangers send, by what it is; for a TLS listener on loopback. */
export const attacks: Readonly<Record<string, Attack>> = {
  'random bytes instead of TLS': (port) => overTcp(port, randomBytes(600)),
  'a TLS record without end': (port) => overTcp(port, Buffer.from('16030140000100', 'hex')),
  'nothing at all': (port) => overTcp(port, ''),
  'random bytes inside TLS': (port) => overTls(port, randomBytes(3_000)),
  'half a request line': (port) => overTls(port, 'POST /vpnsvc/con'),
  'half a head': (port) => overTls(port, `${post}Content-Length: 10`),
  'half a body': (port) =>
    overTls(port, `${post}Content-Length: 65536\r\n\r\n${'x'.repeat(9_000)}`),
  'a huge length': (port) => overTls(port, `${post}Content-Length: 4294967295\r\n\r\n`),
  'a head without end': (port) => overTls(port, 'A'.repeat(20_000)),
  'a PACK that promises 4 billion elements': (port) =>
    overTls(
      port,
      Buffer.concat([
        Buffer.from('POST /vpnsvc/connect.cgi HTTP/1.1\r\nContent-Length: 0\r\n\r\n'),
        Buffer.from(`${post}Content-Length: 8\r\n\r\n`),
        Buffer.from('ffffffffffffffff', 'hex'),
      ]),
    ),
};
