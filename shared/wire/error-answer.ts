import { Pack } from './pack.ts';

/**
 * The answer that rejects whatever was asked, with HTTP status 200 (`protocol/02` §9).
 * `noSavePassword`: the client is not to offer to keep the password it asks its user for.
 */
export function encodeErrorAnswer(
  code: number,
  padding?: Uint8Array,
  noSavePassword = false,
): Pack {
  const pack = new Pack().setInt('error', code).setBool('no_save_password', noSavePassword);
  return pack.setPadding(padding);
}

/** The answer to a `noop` (`protocol/02` §1, 2a). */
export function encodeNoopAnswer(padding?: Uint8Array): Pack {
  return new Pack().setInt('error', 0).setInt('noop', 2).setPadding(padding);
}

/** The error an answer carries; 0 if none. */
export function readError(pack: Pack): number {
  return pack.int('error');
}
