import { Pack } from './pack.ts';
import { sha0Bytes } from './sha0.ts';
import { WireError } from './wire-error.ts';

/** The answer to `connect.cgi` (`protocol/02` §6). The login echoes the first three back. */
export interface Hello {
  /** Product text. The login repeats its first {@link helloEchoBytesMax} bytes. */
  readonly hello: string;
  /** major × 100 + minor: 502. */
  readonly version: number;
  readonly build: number;
  /** The challenge, 20 bytes. */
  readonly random: Buffer;
}

/** As much of `hello` comes back in a login's `ServerProductName` (`protocol/02` §5). */
export const helloEchoBytesMax = 63;

export function encodeHello(hello: Hello, padding?: Uint8Array): Pack {
  return new Pack()
    .setInt('build', hello.build)
    .setStr('hello', hello.hello)
    .setData('random', hello.random)
    .setInt('version', hello.version)
    .setPadding(padding);
}

/** @throws {WireError} if this is no VPN server's Hello. Check for an error answer first. */
export function decodeHello(pack: Pack): Hello {
  const random = pack.bytes('random', sha0Bytes);
  if (random === undefined || !pack.has('hello')) {
    throw new WireError('message-field-missing', 'Hello without hello or random');
  }
  return {
    hello: pack.str('hello'),
    version: pack.int('version'),
    build: pack.int('build'),
    random,
  };
}
