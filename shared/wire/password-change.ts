import { loginNameBytesMax } from './login.ts';
import { Pack } from './pack.ts';
import { sha0Bytes } from './sha0.ts';
import { WireError } from './wire-error.ts';

/** A user's wish for another password, from the client's own dialog (`protocol/02` §7). */
export interface PasswordChange {
  readonly hubName: string;
  readonly userName: string;
  /** SHA-0 of the stored hash and the Hello challenge. */
  readonly secureOldPassword: Buffer;
  /** To be stored: see `hashPassword`. */
  readonly newPassword: Buffer;
}

/** @throws {WireError} `message-field-…`: no hub, no user, or no hashes. */
export function decodePasswordChange(pack: Pack): PasswordChange {
  return {
    hubName: nameIn(pack, 'hubname'),
    userName: nameIn(pack, 'username'),
    secureOldPassword: hashIn(pack, 'secure_old_password'),
    newPassword: hashIn(pack, 'new_password'),
  };
}

/** What the client's dialog sends; `new_password_ntlm`, which it may add, is of no use here. */
export function encodePasswordChange(change: PasswordChange, padding?: Uint8Array): Pack {
  return new Pack()
    .setStr('method', 'password')
    .setStr('hubname', change.hubName)
    .setStr('username', change.userName)
    .setData('secure_old_password', change.secureOldPassword)
    .setData('new_password', change.newPassword)
    .setPadding(padding);
}

function nameIn(pack: Pack, field: string): string {
  const name = pack.str(field);
  if (name === '') throw new WireError('message-field-missing', `password without ${field}`);
  if (Buffer.byteLength(name) <= loginNameBytesMax) return name;
  throw new WireError('message-field-invalid', `${field} over the limit`);
}

function hashIn(pack: Pack, field: string): Buffer {
  const hash = pack.bytes(field, sha0Bytes);
  if (hash === undefined) {
    throw new WireError('message-field-missing', `password without ${field}`);
  }
  return hash;
}
