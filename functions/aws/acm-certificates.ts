import { Sha256 } from '@aws-crypto/sha256-js';
import { SignatureV4 } from '@smithy/signature-v4';
import * as z from 'zod';
import type { CertificatePair, CertificateStore } from '#functions/store/certificate-store.ts';
import { certificateTag } from '../env.ts';

/** Longest wait for one call, milliseconds. */
const callDeadlineMs = 10_000;

export interface AcmOptions {
  readonly endpoint: string;
  readonly region: string;
  readonly credentials: {
    readonly accessKeyId: string;
    readonly secretAccessKey: string;
    readonly sessionToken: string;
  };
  /** Value of the tag on everything added. */
  readonly cluster: string;
  readonly fetch: typeof globalThis.fetch;
}

const errorSchema = z.object({ __type: z.string(), message: z.string().optional() });
const importedSchema = z.object({ CertificateArn: z.string() });
const describedSchema = z.object({ Certificate: z.object({ NotAfter: z.number() }) });

type Reply =
  | { readonly kind: 'ok'; readonly body: unknown }
  | { readonly kind: 'error'; readonly type: string; readonly message: string };

/**
 * {@link CertificateStore} over AWS Certificate Manager: four calls of its JSON 1.1 protocol,
 * signed here. Its SDK client would be a fifth of a megabyte for as much.
 */
export class AcmCertificates implements CertificateStore {
  readonly #options: AcmOptions;
  readonly #signer: SignatureV4;

  constructor(options: AcmOptions) {
    this.#options = options;
    const { credentials, region } = options;
    this.#signer = new SignatureV4({ service: 'acm', region, credentials, sha256: Sha256 });
  }

  async add(pair: CertificatePair): Promise<string> {
    const tags = [{ Key: certificateTag, Value: this.#options.cluster }];
    const reply = await this.#call('ImportCertificate', { ...importOf(pair), Tags: tags });
    return importedSchema.parse(expected(reply)).CertificateArn;
  }

  async replace(arn: string, pair: CertificatePair): Promise<void> {
    expected(await this.#call('ImportCertificate', { ...importOf(pair), CertificateArn: arn }));
  }

  async endsMs(arn: string): Promise<number | undefined> {
    const reply = await this.#call('DescribeCertificate', { CertificateArn: arn });
    if (isError(reply, 'ResourceNotFoundException')) return undefined;
    return describedSchema.parse(expected(reply)).Certificate.NotAfter * 1_000;
  }

  async remove(arn: string): Promise<'removed' | 'absent' | 'in-use'> {
    const reply = await this.#call('DeleteCertificate', { CertificateArn: arn });
    if (isError(reply, 'ResourceNotFoundException')) return 'absent';
    if (isError(reply, 'ResourceInUseException')) return 'in-use';
    expected(reply);
    return 'removed';
  }

  async #call(operation: string, input: object): Promise<Reply> {
    const { endpoint, fetch } = this.#options;
    const url = new URL('/', endpoint);
    const body = JSON.stringify(input);
    const { headers } = await this.#signer.sign({
      method: 'POST',
      protocol: url.protocol,
      hostname: url.hostname,
      path: '/',
      query: {},
      headers: {
        host: url.host,
        'content-type': 'application/x-amz-json-1.1',
        'x-amz-target': `CertificateManager.${operation}`,
      },
      body,
    });
    const signal = AbortSignal.timeout(callDeadlineMs);
    const answer = await fetch(url, { method: 'POST', headers, body, signal });
    const text = await answer.text();
    if (answer.ok) return { kind: 'ok', body: text === '' ? {} : JSON.parse(text) };
    const error = errorSchema.safeParse(jsonOf(text)).data;
    // `com.amazonaws.acm#ResourceInUseException`, or without what is before the sign.
    const type = error?.__type.split('#').at(-1) ?? `HTTP ${answer.status}`;
    return { kind: 'error', type, message: `${operation}: ${error?.message ?? ''}` };
  }
}

/** Blobs are base64 in this protocol. */
function importOf({ certPem, keyPem }: CertificatePair): object {
  const base64 = (text: string): string => Buffer.from(text).toString('base64');
  return { Certificate: base64(certPem), PrivateKey: base64(keyPem) };
}

function isError(reply: Reply, type: string): boolean {
  return reply.kind === 'error' && reply.type === type;
}

function expected(reply: Reply): unknown {
  if (reply.kind === 'error') throw new Error(`${reply.type}: ${reply.message}`);
  return reply.body;
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
