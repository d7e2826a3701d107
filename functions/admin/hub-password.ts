import { nameKey } from '#shared/kernel/ids.ts';
import { errorCode } from '#shared/wire/error-code.ts';
import { hashPassword, hashServerPassword } from '#shared/wire/password.ts';
import { sha0Bytes } from '#shared/wire/sha0.ts';
import { type Sealer, sealContext } from '../domain/sealing.ts';
import type { Hub } from '../store/hub-store.ts';
import { AdminError } from './admin-error.ts';
import type { Fields } from './fields.ts';
import { passwordCharsMax } from './names.ts';

/** The name in the hash of every hub's built-in user (protocol/03). */
const builtInUser = 'administrator';

export type HubPassword = Pick<Hub, 'sealedPassword' | 'sealedSecurePassword'>;

/**
 * The administration password in CreateHub and SetHub, sealed for its hub; undefined: none is
 * given. A plain one comes before hashes, as in genuine servers. The hash of nothing means none,
 * and a hub without one has no administrators of its own.
 */
export function readHubPassword(
  fields: Fields,
  name: string,
  sealer: Sealer,
): HubPassword | undefined {
  const plain = fields.text('AdminPasswordPlainText_str', passwordCharsMax) ?? '';
  const hashed = plain === '' ? readHash(fields, 'HashedPassword_bin') : hashServerPassword(plain);
  const secure =
    plain === '' ? readHash(fields, 'SecurePassword_bin') : hashPassword(plain, builtInUser);
  if (hashed === undefined && secure === undefined) return undefined;
  const hub = nameKey(name);
  return {
    ...(hashed !== undefined &&
      !hashed.equals(hashServerPassword('')) && {
        sealedPassword: sealer.seal(hashed, sealContext.hubPassword(hub)),
      }),
    ...(secure !== undefined &&
      !secure.equals(hashPassword('', builtInUser)) && {
        sealedSecurePassword: sealer.seal(secure, sealContext.hubSecurePassword(hub)),
      }),
  };
}

/** A SHA-0 value. Empty or all zeros, as it is answered, means that none is given. */
export function readHash(fields: Fields, name: string): Buffer | undefined {
  const hash = fields.bytes(name);
  if (hash === undefined || hash.every((byte) => byte === 0)) return undefined;
  if (hash.length !== sha0Bytes) {
    throw new AdminError(errorCode.invalidParameter, `${name} is not of ${sha0Bytes} bytes`);
  }
  return hash;
}
