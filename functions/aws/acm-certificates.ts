import * as z from 'zod';
import type { CertificatePair, CertificateStore } from '#functions/store/certificate-store.ts';
import { certificateTag } from '../env.ts';
import type { SignedPost } from './signed-post.ts';

const errorSchema = z.object({ __type: z.string(), message: z.string().optional() });
const importedSchema = z.object({ CertificateArn: z.string() });
const describedSchema = z.object({ Certificate: z.object({ NotAfter: z.number() }) });

type Reply =
  | { readonly kind: 'ok'; readonly body: unknown }
  | { readonly kind: 'error'; readonly type: string; readonly message: string };

/** {@link CertificateStore} over AWS Certificate Manager: four calls of its JSON 1.1 protocol. */
export class AcmCertificates implements CertificateStore {
  readonly #acm: SignedPost;
  readonly #cluster: string;

  /** `cluster`: the value of the tag on everything added. */
  constructor(acm: SignedPost, cluster: string) {
    this.#acm = acm;
    this.#cluster = cluster;
  }

  async add(pair: CertificatePair): Promise<string> {
    const tags = [{ Key: certificateTag, Value: this.#cluster }];
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
    const headers = {
      'content-type': 'application/x-amz-json-1.1',
      'x-amz-target': `CertificateManager.${operation}`,
    };
    const { status, text } = await this.#acm.post(headers, JSON.stringify(input));
    if (status === 200) return { kind: 'ok', body: text === '' ? {} : JSON.parse(text) };
    const error = errorSchema.safeParse(jsonOf(text)).data;
    // `com.amazonaws.acm#ResourceInUseException`, or without what is before the sign.
    const type = error?.__type.split('#').at(-1) ?? `HTTP ${status}`;
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
