import { isIPv4 } from 'node:net';
import { type Dispatcher, request } from 'undici';
import * as z from 'zod';
import type { Clock } from '#shared/kernel/clock.ts';
import { readBody } from './bounded-body.ts';

/** What requests are signed with. */
export interface SigningKeys {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  /** Keys for a time have one. */
  readonly sessionToken?: string;
}

/** Keys of a machine's role; {@link Imds} gets new ones before they expire. */
export interface Credentials extends SigningKeys {
  readonly sessionToken: string;
  readonly expiration: Date;
}

export interface ImdsOptions {
  /** `http://169.254.169.254` on EC2. */
  readonly endpoint: string;
  readonly clock: Clock;
  readonly dispatcher: Dispatcher;
  readonly deadlineMs: number;
}

const tokenLifeSec = 21_600;
const tokenRenewMs = (tokenLifeSec - 300) * 1000;
const credentialsRenewBeforeMs = 5 * 60_000;
const answerBytesMax = 64 * 1024;

const credentialsSchema = z.object({
  AccessKeyId: z.string().min(1),
  SecretAccessKey: z.string().min(1),
  Token: z.string().min(1),
  Expiration: z.iso.datetime({ offset: true }),
});

/** The instance metadata service, version 2: who this machine is and the keys of its role. */
export class Imds {
  readonly #options: ImdsOptions;
  #token: { readonly value: string; readonly renewAtMs: number } | undefined;
  #credentials: Credentials | undefined;

  constructor(options: ImdsOptions) {
    this.#options = options;
  }

  instanceId(): Promise<string> {
    return this.#get('/latest/meta-data/instance-id');
  }

  publicIpv4(): Promise<string> {
    return this.#ipv4('public-ipv4');
  }

  /** In the network members share: security groups know each other by these addresses only. */
  localIpv4(): Promise<string> {
    return this.#ipv4('local-ipv4');
  }

  async #ipv4(name: string): Promise<string> {
    const address = await this.#get(`/latest/meta-data/${name}`);
    if (!isIPv4(address)) throw new Error(`the instance metadata names no ${name}`);
    return address;
  }

  /** Keys good for some minutes more; old ones until they expire if no new ones can be had. */
  async credentials(): Promise<Credentials> {
    const known = this.#credentials;
    if (known && this.#leftMs(known) > credentialsRenewBeforeMs) return known;
    try {
      this.#credentials = await this.#readCredentials();
      return this.#credentials;
    } catch (error) {
      if (known && this.#leftMs(known) > 0) return known;
      throw error;
    }
  }

  #leftMs(credentials: Credentials): number {
    return credentials.expiration.getTime() - this.#options.clock.nowMs();
  }

  async #readCredentials(): Promise<Credentials> {
    const folder = '/latest/meta-data/iam/security-credentials/';
    const role = (await this.#get(folder)).split('\n')[0]?.trim();
    if (!role) throw new Error('the instance metadata names no role');
    const answer: unknown = JSON.parse(await this.#get(folder + encodeURIComponent(role)));
    const keys = credentialsSchema.parse(answer);
    return {
      accessKeyId: keys.AccessKeyId,
      secretAccessKey: keys.SecretAccessKey,
      sessionToken: keys.Token,
      expiration: new Date(keys.Expiration),
    };
  }

  async #get(path: string): Promise<string> {
    const token = await this.#sessionToken();
    const headers = { 'x-aws-ec2-metadata-token': token };
    const { status, text } = await this.#call('GET', path, headers);
    if (status === 401) this.#token = undefined;
    if (status !== 200) throw new Error(`instance metadata ${path}: HTTP ${status}`);
    return text.trim();
  }

  async #sessionToken(): Promise<string> {
    const nowMs = this.#options.clock.monotonicMs();
    if (this.#token && nowMs < this.#token.renewAtMs) return this.#token.value;
    const headers = { 'x-aws-ec2-metadata-token-ttl-seconds': String(tokenLifeSec) };
    const { status, text } = await this.#call('PUT', '/latest/api/token', headers);
    if (status !== 200) throw new Error(`instance metadata token: HTTP ${status}`);
    this.#token = { value: text, renewAtMs: nowMs + tokenRenewMs };
    return text;
  }

  async #call(
    method: 'GET' | 'PUT',
    path: string,
    headers: Record<string, string>,
  ): Promise<{ status: number; text: string }> {
    const { endpoint, dispatcher, deadlineMs } = this.#options;
    const signal = AbortSignal.timeout(deadlineMs);
    const answer = await request(new URL(path, endpoint), { method, headers, dispatcher, signal });
    const text = await readBody(answer.body, answerBytesMax);
    return { status: answer.statusCode, text };
  }
}
