import { Sha256 } from '@aws-crypto/sha256-js';
import { SignatureV4 } from '@smithy/signature-v4';
import { callDeadlineMs } from './attempts.ts';

export interface SignedPostOptions {
  /** As signatures name it. */
  readonly service: string;
  readonly endpoint: string;
  readonly region: string;
  readonly credentials: {
    readonly accessKeyId: string;
    readonly secretAccessKey: string;
    readonly sessionToken: string;
  };
  readonly fetch: typeof globalThis.fetch;
}

/**
 * Calls of an AWS service that are too few for its SDK client, which would be a tenth of the
 * calling function's bundle for each.
 */
export class SignedPost {
  readonly #options: SignedPostOptions;
  readonly #signer: SignatureV4;

  constructor(options: SignedPostOptions) {
    this.#options = options;
    const { credentials, region, service } = options;
    this.#signer = new SignatureV4({ service, region, credentials, sha256: Sha256 });
  }

  /** Any answer is an outcome; that there is none is thrown. */
  async post(
    headers: Readonly<Record<string, string>>,
    body: string,
  ): Promise<{ readonly status: number; readonly text: string }> {
    const { endpoint, fetch: send } = this.#options;
    const url = new URL('/', endpoint);
    const signed = await this.#signer.sign({
      method: 'POST',
      protocol: url.protocol,
      hostname: url.hostname,
      path: '/',
      query: {},
      headers: { host: url.host, ...headers },
      body,
    });
    const signal = AbortSignal.timeout(callDeadlineMs);
    const answer = await send(url, { method: 'POST', headers: signed.headers, body, signal });
    return { status: answer.status, text: await answer.text() };
  }
}
