import type { Clock } from '#shared/kernel/clock.ts';
import type { Random } from '#shared/kernel/random.ts';
import type { Principal, RoleSession, User } from './principal.ts';

/** What a request is signed with. */
export interface AccessKey {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  /** Temporary credentials have one, a user's key has none. */
  readonly sessionToken?: string;
}

/** Temporary credentials as STS issues them. */
export interface Credentials extends AccessKey {
  readonly sessionToken: string;
  readonly expiresMs: number;
}

export interface Issued {
  readonly credentials: AccessKey & { readonly expiresMs: number };
  readonly principal: Principal;
}

/** Every credential issued on this machine. Expired ones are forgotten when the next is issued. */
export class CredentialRegistry {
  private readonly issued = new Map<string, Issued>();
  private readonly clock: Clock;
  private readonly random: Random;

  constructor(clock: Clock, random: Random) {
    this.clock = clock;
    this.random = random;
  }

  issue(principal: RoleSession, lifeMs: number): Credentials {
    for (const [key, { credentials }] of this.issued) {
      if (credentials.expiresMs <= this.clock.nowMs()) this.issued.delete(key);
    }
    const credentials = {
      accessKeyId: `ASIA${this.random.bytes(8).toString('hex').toUpperCase()}`,
      secretAccessKey: this.random.bytes(30).toString('base64'),
      sessionToken: this.random.bytes(48).toString('base64'),
      expiresMs: this.clock.nowMs() + lifeMs,
    };
    this.issued.set(credentials.accessKeyId, { credentials, principal });
    return credentials;
  }

  /** Let a user's access key count, as long as the cluster runs. */
  admit(principal: User, key: AccessKey): void {
    const credentials = { ...key, expiresMs: Number.POSITIVE_INFINITY };
    this.issued.set(key.accessKeyId, { credentials, principal });
  }

  /** What was issued under this access key, unless it has expired or was revoked. */
  find(accessKeyId: string): Issued | undefined {
    const issued = this.issued.get(accessKeyId);
    return issued !== undefined && issued.credentials.expiresMs > this.clock.nowMs()
      ? issued
      : undefined;
  }

  /** Forget all credentials of a session: its ec2Instance is gone. */
  revoke(sessionName: string): void {
    for (const [key, { principal }] of this.issued) {
      if (principal.kind === 'role' && principal.sessionName === sessionName) {
        this.issued.delete(key);
      }
    }
  }
}
