import { timingSafeEqual } from 'node:crypto';
import { unreachable } from '#shared/kernel/assert.ts';
import { nameKey } from '#shared/kernel/ids.ts';
import { type ErrorCode, errorCode } from '#shared/wire/error-code.ts';
import type { Credential } from '#shared/wire/login.ts';
import { hashPassword, securePassword } from '#shared/wire/password.ts';
import { defaultPolicy, type Policy } from '#shared/wire/policy.ts';
import type { ChallengeCheck } from './challenge.ts';

/** What a user record says about logging in, with the stored hash opened. */
export type StoredAuth =
  | { readonly kind: 'anonymous' }
  | { readonly kind: 'password'; readonly hash: Uint8Array };

export type CredentialReason =
  | 'credential-missing'
  | 'unknown-user'
  | 'wrong-password'
  | 'challenge-malformed'
  | 'challenge-foreign'
  | 'challenge-expired'
  | 'certificate-not-supported'
  | 'empty-password-not-local'
  | 'ticket-at-front-door'
  | 'auth-type-refused';

export type CredentialCheck =
  | { readonly kind: 'accepted' }
  | { readonly kind: 'rejected'; readonly code: ErrorCode; readonly reason: CredentialReason };

/** Every hub has this user; its password is the hub's own (protocol/03). */
const administratorName = 'administrator';

export function isAdministrator(userName: string): boolean {
  return nameKey(userName) === administratorName;
}

/** What the built-in user may do beyond the default. */
export const administratorPolicy: Policy = {
  ...defaultPolicy,
  noBroadcastLimiter: true,
  monitorPort: true,
};

/** Credential types that never come in at the front door, whoever the user is (I5, protocol/03). */
export function refuseType(credential: Credential): CredentialCheck {
  if (credential.kind === 'ticket') {
    return rejected(errorCode.authFailed, 'ticket-at-front-door');
  }
  if (credential.kind === 'refused') {
    return rejected(errorCode.authTypeNotSupported, 'auth-type-refused');
  }
  return { kind: 'accepted' };
}

/** Stands in for the hash of a user who does not exist, so that both take the same time. */
const nobodysHash = hashPassword('', '');

/**
 * Whether a login proves its user. A user of the anonymous type gets in with any credential, as in
 * genuine servers: the anonymous attempt comes first (protocol/03).
 */
export function checkCredential(
  credential: Credential,
  userName: string,
  stored: StoredAuth | undefined,
  challenge: ChallengeCheck,
): CredentialCheck {
  const refused = refuseType(credential);
  if (refused.kind === 'rejected') return refused;
  if (stored?.kind === 'anonymous') return { kind: 'accepted' };
  switch (credential.kind) {
    case 'anonymous':
      return rejected(
        errorCode.authFailed,
        stored === undefined ? 'unknown-user' : 'credential-missing',
      );
    case 'certificate':
      return rejected(errorCode.authTypeNotSupported, 'certificate-not-supported');
    case 'password': {
      if (challenge.kind === 'invalid') {
        return rejected(errorCode.authFailed, `challenge-${challenge.reason}`);
      }
      const hash = stored?.hash ?? nobodysHash;
      const holds = verifyPassword(hash, credential.securePassword, challenge.random);
      return checked(holds, userName, stored);
    }
    case 'plain': {
      const hash = stored?.hash ?? nobodysHash;
      return checked(verifyPlain(hash, credential.password, userName), userName, stored);
    }
    case 'ticket':
    case 'refused':
      return refused;
    default:
      return unreachable(credential);
  }
}

/** Whether `answer` was made from the stored hash and the challenge. */
export function verifyPassword(
  storedHash: Uint8Array,
  answer: Uint8Array,
  random: Uint8Array,
): boolean {
  return equal(securePassword(storedHash, random), answer);
}

/** Whether a password in clear is the one whose hash is stored. */
export function verifyPlain(storedHash: Uint8Array, password: string, userName: string): boolean {
  return equal(hashPassword(password, userName), storedHash);
}

function checked(
  holds: boolean,
  userName: string,
  stored: Extract<StoredAuth, { kind: 'password' }> | undefined,
): CredentialCheck {
  if (stored === undefined) return rejected(errorCode.authFailed, 'unknown-user');
  if (!holds) return rejected(errorCode.authFailed, 'wrong-password');
  // Nobody is local to the front door (protocol/03, "Empty password").
  if (isAdministrator(userName) && verifyPlain(stored.hash, '', userName)) {
    return rejected(errorCode.emptyPasswordLocalOnly, 'empty-password-not-local');
  }
  return { kind: 'accepted' };
}

function rejected(code: ErrorCode, reason: CredentialReason): CredentialCheck {
  return { kind: 'rejected', code, reason };
}

function equal(one: Uint8Array, other: Uint8Array): boolean {
  return one.length === other.length && timingSafeEqual(one, other);
}
