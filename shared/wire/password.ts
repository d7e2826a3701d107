import { assert } from '#shared/kernel/assert.ts';
import { sha0, sha0Bytes } from './sha0.ts';

/**
 * The form in which a user's password is stored: SHA-0 of the password and the user name in
 * (ASCII) upper case, `protocol/03`. It suffices to log in, so it is as secret as the password.
 */
export function hashPassword(password: string, userName: string): Buffer {
  const upper = userName.replace(/[a-z]/g, (letter) => letter.toUpperCase());
  return sha0(Buffer.from(password), Buffer.from(upper));
}

/** The stored form of the server's and of a hub's administration password: no user name in it. */
export function hashServerPassword(password: string): Buffer {
  return sha0(Buffer.from(password));
}

/** The answer to the Hello challenge `random` by the holder of a stored hash. */
export function securePassword(hashed: Uint8Array, random: Uint8Array): Buffer {
  assert(hashed.length === sha0Bytes && random.length === sha0Bytes, 'hash and random: 20 bytes');
  return sha0(hashed, random);
}
