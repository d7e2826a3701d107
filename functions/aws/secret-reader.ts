import { GetSecretValueCommand, type SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { callDeadlineMs } from './attempts.ts';

/**
 * A secret's string, read once per process and kept: an invocation pays for it only when cold. A
 * failed read is not kept.
 */
export class SecretReader {
  readonly #client: SecretsManagerClient;
  readonly #read = new Map<string, Promise<string>>();

  constructor(client: SecretsManagerClient) {
    this.#client = client;
  }

  text(arn: string): Promise<string> {
    const known = this.#read.get(arn);
    if (known !== undefined) return known;
    const reading = this.#fetch(arn);
    this.#read.set(arn, reading);
    reading.catch(() => this.#read.delete(arn));
    return reading;
  }

  async #fetch(arn: string): Promise<string> {
    const { SecretString } = await this.#client.send(new GetSecretValueCommand({ SecretId: arn }), {
      abortSignal: AbortSignal.timeout(callDeadlineMs),
    });
    if (SecretString === undefined) throw new Error(`the secret ${arn} holds no string`);
    return SecretString;
  }
}
