import { createHash } from 'node:crypto';
import { type HubName, nameKey } from '#shared/kernel/ids.ts';
import type { CredentialReason } from './credential.ts';

/** Failed logins of one kind in a row. */
export interface Failures {
  readonly count: number;
  /** The first of them. */
  readonly sinceMs: number;
  /** Nothing is looked at before; 0: never locked. */
  readonly lockedUntilMs: number;
}

/** What one source address did wrong lately (ADR 0014). */
export interface SourceRecord {
  readonly source: Failures;
  /** By user, see {@link userTag}. */
  readonly users: readonly (Failures & { readonly user: string })[];
}

export type Lock = 'user' | 'source';

/**
 * So many failures are free. A person gets a password wrong a few times; an office behind one
 * address has many persons and some programs that keep trying.
 */
const freeMax: Readonly<Record<Lock, number>> = { user: 5, source: 30 };
/** Free failures are counted over this long. */
const windowMs = 60_000;
const lockMsMax = 15 * 60_000;
/** Who was locked is watched for this long after. */
const watchedMs = 15 * 60_000;
/** Users of one source that are remembered; the source is locked before it has tried as many. */
export const usersMax = 40;

/** Failures that are attempts at a password; the others tell an attacker nothing. */
const attempts: ReadonlySet<string> = new Set<CredentialReason>([
  'wrong-password',
  'unknown-user',
  'credential-missing',
]);

export function isAttempt(reason: string): boolean {
  return attempts.has(reason);
}

const userTagCharacters = 12;

/** A user of a hub, whether it exists or not; the record does not say who. */
export function userTag(hub: HubName, user: string): string {
  return createHash('sha256')
    .update(`${nameKey(hub)}\0${nameKey(user)}`)
    .digest('base64url')
    .slice(0, userTagCharacters);
}

/** Whether a login is rejected before its password is looked at, and why. */
export function lockOf(
  record: SourceRecord | undefined,
  user: string,
  nowMs: number,
): Lock | undefined {
  if (record === undefined) return undefined;
  if (record.source.lockedUntilMs > nowMs) return 'source';
  const own = record.users.find((one) => one.user === user);
  return own !== undefined && own.lockedUntilMs > nowMs ? 'user' : undefined;
}

/** The record after one more failed attempt at `user`. */
export function afterFailure(
  record: SourceRecord | undefined,
  user: string,
  nowMs: number,
): SourceRecord {
  const users = record?.users ?? [];
  const own = users.find((one) => one.user === user);
  const others = users.filter((one) => one !== own && !isForgotten(one, nowMs));
  const room = others.slice(Math.max(0, others.length - (usersMax - 1)));
  return {
    source: afterOneMore(record?.source, freeMax.source, nowMs),
    users: [...room, { user, ...afterOneMore(own, freeMax.user, nowMs) }],
  };
}

/** The record after a login of `user`, which clears that user's failures and nobody else's. */
export function afterSuccess(record: SourceRecord, user: string): SourceRecord {
  return { ...record, users: record.users.filter((one) => one.user !== user) };
}

/** From then on the record says nothing. */
export function forgottenMs(record: SourceRecord): number {
  return Math.max(...[record.source, ...record.users].map(forgottenAtMs));
}

/** One failure more: `free` of them within a minute, then twice as long a lock for each. */
export function afterOneMore(
  failures: Failures | undefined,
  free: number,
  nowMs: number,
): Failures {
  const known = failures !== undefined && !isForgotten(failures, nowMs) ? failures : undefined;
  const count = (known?.count ?? 0) + 1;
  const lockedUntilMs =
    count < free ? 0 : nowMs + Math.min(2 ** (count - free + 1) * 1_000, lockMsMax);
  return { count, sinceMs: known?.sinceMs ?? nowMs, lockedUntilMs };
}

function isForgotten(failures: Failures, nowMs: number): boolean {
  return forgottenAtMs(failures) <= nowMs;
}

/** From then on they say nothing. */
export function forgottenAtMs({ sinceMs, lockedUntilMs }: Failures): number {
  return lockedUntilMs > 0 ? lockedUntilMs + watchedMs : sinceMs + windowMs;
}

/** One customer of the Internet: an IPv4 address, or the /64 an IPv6 address is in. */
export function sourceKey(address: string): string {
  if (!address.includes(':')) return address;
  const mapped = /^(?:0*:)*:?ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1];
  if (mapped !== undefined) return mapped;
  const [head = '', tail = ''] = address.toLowerCase().split('::');
  const before = head.split(':').filter((group) => group !== '');
  const behind = address.includes('::') ? tail.split(':').filter((group) => group !== '') : [];
  const zeros = Array.from({ length: Math.max(0, 8 - before.length - behind.length) }, () => '0');
  const groups = [...before, ...zeros, ...behind].slice(0, 4);
  return `${groups.map((group) => group.replace(/^0+(?=.)/, '')).join(':')}::/64`;
}
