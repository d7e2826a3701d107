import { createServer, type Server } from 'node:http';
import type { Clock } from '#shared/kernel/clock.ts';
import type { Random } from '#shared/kernel/random.ts';
import { listen } from '../http-server.ts';
import type { CredentialRegistry, Credentials } from '../iam/credential-registry.ts';
import type { RoleSession } from '../iam/principal.ts';
import { place } from '../template/place.ts';

/** As on EC2: hours of life, and the next ones are handed out well before the end. */
const credentialsLifeMs = 6 * 3_600_000;
const renewBeforeMs = 3_600_000;
const tokensMax = 1_000;
const tokenSecondsMax = 21_600;

export interface InstanceMetadata {
  readonly instanceId: string;
  readonly address: string;
  readonly principal: RoleSession;
}

export interface ImdsServices {
  readonly registry: CredentialRegistry;
  readonly clock: Clock;
  readonly random: Random;
}

/**
 * The instance metadata service of one ec2Instance, version 2 only: without a token there is no
 * answer. Left out: everything a member does not ask for.
 */
export class Imds {
  private readonly server: Server;
  private readonly metadata: InstanceMetadata;
  private readonly services: ImdsServices;
  /** Tokens handed out, and when each ends. */
  private readonly tokens = new Map<string, number>();
  private credentials: Credentials | undefined;

  constructor(metadata: InstanceMetadata, services: ImdsServices) {
    this.metadata = metadata;
    this.services = services;
    this.server = createServer((request, response) => {
      request.resume();
      const { status, text } = this.answer(
        request.method ?? '',
        request.url ?? '',
        request.headers,
      );
      response.writeHead(status, {
        'content-type': 'text/plain',
        'content-length': Buffer.byteLength(text),
      });
      response.end(text);
    });
  }

  /** Listen on a free loopback port; what `AWS_EC2_METADATA_SERVICE_ENDPOINT` is to say. */
  async start(): Promise<string> {
    return `http://127.0.0.1:${await listen(this.server, '127.0.0.1', 0)}`;
  }

  stop(): void {
    this.server.close();
    this.server.closeAllConnections();
    this.services.registry.revoke(this.metadata.instanceId);
  }

  private answer(
    method: string,
    path: string,
    headers: Readonly<Record<string, string | string[] | undefined>>,
  ): { readonly status: number; readonly text: string } {
    const { clock } = this.services;
    if (path === '/latest/api/token') {
      const seconds = Number(headers['x-aws-ec2-metadata-token-ttl-seconds']);
      if (method !== 'PUT') return { status: 405, text: '' };
      if (!(seconds >= 1 && seconds <= tokenSecondsMax)) return { status: 400, text: '' };
      return { status: 200, text: this.newToken(seconds) };
    }
    const token = String(headers['x-aws-ec2-metadata-token'] ?? '');
    if ((this.tokens.get(token) ?? 0) <= clock.nowMs()) return { status: 401, text: '' };
    if (method !== 'GET') return { status: 405, text: '' };
    const text = this.read(path.replace(/\/$/, ''));
    return text === undefined ? { status: 404, text: '' } : { status: 200, text };
  }

  private newToken(seconds: number): string {
    const { clock, random } = this.services;
    if (this.tokens.size >= tokensMax) this.tokens.clear(); // callers ask for a new one
    const token = random.bytes(40).toString('base64url');
    this.tokens.set(token, clock.nowMs() + seconds * 1_000);
    return token;
  }

  private read(path: string): string | undefined {
    const { instanceId, address, principal } = this.metadata;
    switch (path) {
      case '/latest/meta-data/instance-id':
        return instanceId;
      case '/latest/meta-data/public-ipv4':
      case '/latest/meta-data/local-ipv4':
        return address;
      case '/latest/meta-data/placement/region':
        return place.region;
      case '/latest/meta-data/placement/availability-zone':
        return `${place.region}a`;
      case '/latest/meta-data/autoscaling/target-lifecycle-state':
        return 'InService';
      case '/latest/meta-data/iam/security-credentials':
        return principal.roleName;
      case `/latest/meta-data/iam/security-credentials/${principal.roleName}`:
        return JSON.stringify(this.currentCredentials());
      case '/latest/dynamic/instance-identity/document':
        return JSON.stringify({
          accountId: place.account,
          instanceId,
          privateIp: address,
          region: place.region,
          availabilityZone: `${place.region}a`,
          version: '2017-09-30',
        });
      default:
        return undefined; // in particular spot/instance-action: no interruption is planned
    }
  }

  private currentCredentials(): Readonly<Record<string, string>> {
    const { registry, clock } = this.services;
    const old = this.credentials;
    const fresh =
      old !== undefined && old.expiresMs - clock.nowMs() > renewBeforeMs
        ? old
        : registry.issue(this.metadata.principal, credentialsLifeMs);
    this.credentials = fresh;
    const iso = (ms: number): string => `${new Date(ms).toISOString().slice(0, 19)}Z`;
    return {
      Code: 'Success',
      LastUpdated: iso(fresh.expiresMs - credentialsLifeMs),
      Type: 'AWS-HMAC',
      AccessKeyId: fresh.accessKeyId,
      SecretAccessKey: fresh.secretAccessKey,
      Token: fresh.sessionToken,
      Expiration: iso(fresh.expiresMs),
    };
  }
}
