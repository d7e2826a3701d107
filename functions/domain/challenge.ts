import { createHmac, timingSafeEqual } from 'node:crypto';
import { assert } from '#shared/kernel/assert.ts';
import type { Random } from '#shared/kernel/random.ts';
import { helloEchoBytesMax } from '#shared/wire/hello.ts';
import { sha0Bytes } from '#shared/wire/sha0.ts';

/**
 * The Hello challenge without a database (ADR 0005). Hello's product text is a token the client
 * repeats in its login; the challenge itself is derived from the token's time and the client's
 * address, so that what does not repeat the token can be checked, too. Layout, text:
 *
 *   etherfleet.TTTTTTTTT.NNNNNNNNNNNNNNNN.MMMMMMMMMMMMMMMMMMMM
 *              time      nonce            MAC over all before it and the client's address
 *              base 36   96 bits          120 bits
 *
 * Letters, digits, `-`, `_` and `.` come back unchanged (protocol/02 §5).
 */
const product = 'etherfleet';
const timeDigits = 9; // Unix milliseconds in base 36, good until the year 5188
const nonceBytes = 12;
const macBytes = 15;
const shape = /^etherfleet\.([0-9a-z]{9})\.[\w-]{16}\.[\w-]{20}$/;

/** From Hello to login, a person's click on a certificate included. */
export const challengeTtlMs = 60_000;
/** Challenges of one address are the same within such a period. */
const periodMs = 30_000;
/** As much as two invocations' clocks may disagree. */
const clockSkewMs = 5_000;

export interface Challenge {
  /** Goes out in Hello's `hello`, comes back in the login's `ServerProductName`. */
  readonly token: string;
  /** What a password is hashed with, 20 bytes. */
  readonly random: Buffer;
}

export type ChallengeCheck =
  | { readonly kind: 'valid'; readonly random: Buffer }
  /** `foreign`: not ours, altered, or given to another address. */
  | { readonly kind: 'invalid'; readonly reason: 'malformed' | 'foreign' | 'expired' };

export function issueChallenge(
  key: Uint8Array,
  address: string,
  nowMs: number,
  random: Random,
): Challenge {
  const time = nowMs.toString(36).padStart(timeDigits, '0');
  const head = `${product}.${time}.${random.bytes(nonceBytes).toString('base64url')}`;
  const token = `${head}.${macOf(key, head, address)}`;
  assert(token.length <= helloEchoBytesMax && shape.test(token), 'a token survives the echo');
  return { token, random: randomOf(key, address, periodOf(nowMs)) };
}

export function checkChallenge(
  key: Uint8Array,
  address: string,
  nowMs: number,
  token: string,
): ChallengeCheck {
  const time = shape.exec(token)?.[1];
  if (time === undefined) return { kind: 'invalid', reason: 'malformed' };
  const end = token.lastIndexOf('.');
  const mac = macOf(key, token.slice(0, end), address);
  // Compared as text: in base64 several texts may mean the same bytes, only one is the token.
  if (!timingSafeEqual(Buffer.from(token.slice(end + 1)), Buffer.from(mac))) {
    return { kind: 'invalid', reason: 'foreign' };
  }
  const issuedMs = Number.parseInt(time, 36);
  const ageMs = nowMs - issuedMs;
  if (ageMs > challengeTtlMs || ageMs < -clockSkewMs) return { kind: 'invalid', reason: 'expired' };
  return { kind: 'valid', random: randomOf(key, address, periodOf(issuedMs)) };
}

/** Every challenge this address may have been given that is still good, the latest first. */
export function recentChallenges(key: Uint8Array, address: string, nowMs: number): Buffer[] {
  const latest = periodOf(nowMs + clockSkewMs);
  const count = latest - periodOf(nowMs - challengeTtlMs) + 1;
  return Array.from({ length: count }, (_, index) => randomOf(key, address, latest - index));
}

function periodOf(timeMs: number): number {
  return Math.floor(timeMs / periodMs);
}

function macOf(key: Uint8Array, head: string, address: string): string {
  const mac = createHmac('sha256', key).update(`token\0${head}\0${address}`).digest();
  return mac.subarray(0, macBytes).toString('base64url');
}

function randomOf(key: Uint8Array, address: string, period: number): Buffer {
  const digest = createHmac('sha256', key).update(`random\0${address}\0${period}`).digest();
  return digest.subarray(0, sha0Bytes);
}
