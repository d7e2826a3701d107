import type { Clock } from '#shared/kernel/clock.ts';
import type { Random } from '#shared/kernel/random.ts';

/** Who a temporary credential stands for: a session of a role. */
export interface Principal {
  readonly roleName: string;
  /** `AROA…` */
  readonly roleId: string;
  /** An ec2Instance's id, or a function's name. */
  readonly sessionName: string;
}

/** Temporary credentials as STS issues them. */
export interface Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken: string;
  readonly expiresMs: number;
}

export interface Issued {
  readonly credentials: Credentials;
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

  issue(principal: Principal, lifeMs: number): Credentials {
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
      if (principal.sessionName === sessionName) this.issued.delete(key);
    }
  }
}
