import { rpcHubNameCharsMax } from '#shared/contract/admin-relay.ts';
import type { Pack } from '#shared/wire/pack.ts';
import { sha0Bytes } from '#shared/wire/sha0.ts';
import { WireError } from '#shared/wire/wire-error.ts';

/** What an administrator's program posts to `vpn.cgi` (protocol/07 §1). */
export interface AdminLogin {
  /** Whose administrator; empty: the server's. */
  readonly hubName: string;
  /** SHA-0 of the password's hash and Hello's random. */
  readonly proof: Buffer;
  readonly clientStr: string;
}

const clientStrCharsMax = 255;

/** @throws {WireError} */
export function decodeAdminLogin(pack: Pack): AdminLogin {
  const proof = pack.bytes('secure_password', sha0Bytes);
  if (proof === undefined) throw new WireError('message-field-missing', 'secure_password');
  const hubName = pack.str('hubname');
  if (hubName.length > rpcHubNameCharsMax) {
    throw new WireError('message-field-invalid', 'hubname is too long');
  }
  return { hubName, proof, clientStr: pack.str('client_str').slice(0, clientStrCharsMax) };
}
