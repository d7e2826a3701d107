import { type HubName, hubName } from '#shared/kernel/ids.ts';
import { errorCode } from '#shared/wire/error-code.ts';
import { AdminError } from './admin-error.ts';

export const nameCharsMax = 255;
export const passwordCharsMax = 512;

/** Genuine servers allow these in names, and `@` in those of users; checked on 5.01. */
const hubNamePattern = /^[A-Za-z0-9 ()\-_#%&.]+$/;
const userNamePattern = /^[A-Za-z0-9 ()\-_#%&.@]+$/;

/** Users every hub has by itself: they cannot be created. */
const reservedUserNames: ReadonlySet<string> = new Set([
  'administrator',
  'link',
  'cascade',
  'securenat',
  'localbridge',
  'local bridge',
]);
const layer3Prefix = 'l3sw_';

/** @throws {AdminError} 38 for what cannot be a hub's name. */
export function validHubName(text: string): HubName {
  const name = text.trim();
  if (name.length > nameCharsMax || !hubNamePattern.test(name)) {
    throw new AdminError(errorCode.invalidParameter, 'HubName_str is no valid name');
  }
  return hubName(name);
}

/** @throws {AdminError} 38 for what cannot be the name of a new user. */
export function validUserName(text: string): string {
  const name = text.trim();
  const lower = name.toLowerCase();
  const isPlain = name.length <= nameCharsMax && userNamePattern.test(name);
  const isReserved = reservedUserNames.has(lower) || lower.startsWith(layer3Prefix);
  // `*` stands for everyone an outside authority knows (protocol/03).
  if (name !== '*' && (!isPlain || isReserved)) {
    throw new AdminError(errorCode.invalidParameter, 'Name_str is no valid name');
  }
  return name;
}
