import { timingSafeEqual } from 'node:crypto';
import { type HubName, hubName, nameKey } from '#shared/kernel/ids.ts';
import { hashServerPassword } from '#shared/wire/password.ts';
import { sha0Bytes } from '#shared/wire/sha0.ts';
import { type Sealer, sealContext } from '../domain/sealing.ts';
import { sourceKey } from '../domain/throttle.ts';
import { Door, type GuessSource } from './door.ts';
import type { Admin, AdminPorts } from './method.ts';
import { nameCharsMax, passwordCharsMax } from './names.ts';

/** What a request carries to prove who sends it. An empty hub name means server administration. */
export interface Credentials {
  readonly hub: string;
  readonly password: string;
}

/** What was sent to prove a password, in whichever way it does. */
export interface Proof {
  /** Empty for the server. */
  readonly hub: string;
  /** Whether it proves the password with this hash; in constant time. */
  readonly isHashOf: (hash: Buffer) => boolean;
}

export type Authentication =
  /** `hash`: of the password that was proven; never told. */
  | { readonly kind: 'admin'; readonly admin: Admin; readonly hash: Buffer }
  /** `reason` is for the log; the caller is told the same whatever it is. */
  | { readonly kind: 'rejected'; readonly reason: RejectReason }
  /** Nothing was looked at: too many guesses came from there. */
  | { readonly kind: 'throttled'; readonly waitMs: number };

export type RejectReason =
  | 'no-credentials'
  | 'credentials-too-long'
  | 'empty-password'
  | 'no-such-hub'
  | 'no-password-set'
  | 'wrong-password';

/** SoftEther's own headers, or HTTP Basic with the hub's name as user (protocol/07 §2). */
export function credentialsIn(
  header: (name: string) => string | undefined,
): Credentials | undefined {
  const hub = header('x-vpnadmin-hubname');
  const password = header('x-vpnadmin-password');
  if (hub !== undefined || password !== undefined) {
    return { hub: hubNamed(hub ?? ''), password: password ?? '' };
  }
  const basic = /^Basic +([A-Za-z0-9+/=]+) *$/i.exec(header('authorization') ?? '')?.[1];
  if (basic === undefined) return undefined;
  const [user = '', ...rest] = Buffer.from(basic, 'base64').toString().split(':');
  return { hub: hubNamed(user), password: rest.join(':') };
}

/** `administrator` is the server's, not a hub's. */
function hubNamed(user: string): string {
  return user.toLowerCase() === 'administrator' ? '' : user;
}

/**
 * Checks passwords against what is stored. The work done is the same whether the hub exists, has
 * a password, or the password is wrong, so that time tells nothing.
 */
export class Authenticator {
  readonly #ports: AdminPorts;
  /** A sealed hash nobody knows the password of, opened where there is none to open. */
  #decoy: Buffer | undefined;

  constructor(ports: AdminPorts) {
    this.#ports = ports;
  }

  async authenticate(
    credentials: Credentials | undefined,
    sourceAddress: string,
  ): Promise<Authentication> {
    if (credentials === undefined) return rejected('no-credentials');
    const { hub, password } = credentials;
    if (hub.length > nameCharsMax || password.length > passwordCharsMax) {
      return rejected('credentials-too-long');
    }
    if (password === '') return rejected('empty-password');
    const hash = hashServerPassword(password);
    const isHashOf = (stored: Buffer) => isSame(hash, stored);
    return this.prove({ hub, isHashOf }, [{ key: sourceKey(sourceAddress) }]);
  }

  /** Each of `sources` counts the guess, up to the first that knows it to be right. */
  async prove({ hub, isHashOf }: Proof, sources: readonly GuessSource[]): Promise<Authentication> {
    const sealer = await this.#ports.secrets.sealer();
    const doors: Door[] = [];
    for (const source of sources) {
      const door = new Door(this.#ports, sealer, source, nameKey(hub));
      const entry = await door.enter(isHashOf);
      if (entry.kind === 'shut') return { kind: 'throttled', waitMs: entry.waitMs };
      doors.push(door);
      if (entry.isKnown) break;
    }
    const stored = await this.stored(hub);
    // Never open, not even where someone managed to store the hash of nothing.
    const isEmpty = isSame(stored.hash, emptyHash);
    const isRight = isHashOf(stored.hash) && !isEmpty && stored.kind === 'present';
    for (const door of doors) await (isRight ? door.proven(stored.hash) : door.failed());
    if (isRight) return { kind: 'admin', admin: stored.admin, hash: stored.hash };
    if (stored.kind === 'missing') return rejected(stored.reason);
    return rejected(isEmpty ? 'empty-password' : 'wrong-password');
  }

  /** The hash that proves the administrator of a hub or, of '', the server's. */
  async stored(hub: string): Promise<StoredPassword> {
    const sealer = await this.#ports.secrets.sealer();
    return hub === '' ? this.#server(sealer) : this.#hub(sealer, hubName(hub));
  }

  async #server(sealer: Sealer): Promise<StoredPassword> {
    const { sealedPassword } = await this.#ports.stores.server.get();
    const hash =
      sealedPassword === undefined
        ? hashServerPassword(await this.#ports.secrets.adminPassword())
        : opened(sealer, sealedPassword, sealContext.serverPassword);
    return { kind: 'present', hash, admin: { kind: 'server' } };
  }

  async #hub(sealer: Sealer, name: HubName): Promise<StoredPassword> {
    const hub = await this.#ports.stores.hubs.get(name);
    if (hub?.sealedPassword === undefined) {
      const hash = opened(sealer, this.#decoySealedBy(sealer), decoyContext);
      return {
        kind: 'missing',
        hash,
        reason: hub === undefined ? 'no-such-hub' : 'no-password-set',
      };
    }
    const hash = opened(sealer, hub.sealedPassword, sealContext.hubPassword(nameKey(hub.name)));
    return { kind: 'present', hash, admin: { kind: 'hub', hub: hub.name } };
  }

  #decoySealedBy(sealer: Sealer): Buffer {
    this.#decoy ??= sealer.seal(this.#ports.random.bytes(sha0Bytes), decoyContext);
    return this.#decoy;
  }
}

type StoredPassword =
  | { readonly kind: 'present'; readonly hash: Buffer; readonly admin: Admin }
  | { readonly kind: 'missing'; readonly hash: Buffer; readonly reason: RejectReason };

const decoyContext = 'decoy';
const emptyHash = hashServerPassword('');

function isSame(one: Buffer, other: Buffer): boolean {
  return one.length === other.length && timingSafeEqual(one, other);
}

function opened(sealer: Sealer, sealed: Uint8Array, context: string): Buffer {
  const hash = sealer.open(sealed, context);
  if (hash?.length !== sha0Bytes) {
    throw new Error(`the stored password of ${context} was not sealed with this cluster's secret`);
  }
  return hash;
}

function rejected(reason: RejectReason): Authentication {
  return { kind: 'rejected', reason };
}
