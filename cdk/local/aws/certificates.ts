import { createPrivateKey, X509Certificate } from 'node:crypto';
import { z } from 'zod';
import type { Random } from '#shared/kernel/random.ts';
import type { Answer } from '../http-server.ts';
import type { AccessRequest } from '../iam/policy.ts';
import { arn } from '../template/place.ts';
import { jsonAnswer, jsonBody, operationOf, type StandIn } from './signed-endpoint.ts';

/** A certificate and its key, as PEM, with the tags it was imported with. */
export const keptCertificateSchema = z.object({
  certPem: z.string(),
  keyPem: z.string(),
  tags: z.record(z.string(), z.string()),
});
export type KeptCertificate = z.infer<typeof keptCertificateSchema>;
/** By ARN. */
export type KeptCertificates = Readonly<Record<string, KeptCertificate>>;

const tagSchema = z.object({ Key: z.string(), Value: z.string().default('') });
const importSchema = z.strictObject({
  Certificate: z.base64(),
  PrivateKey: z.base64(),
  CertificateArn: z.string().optional(),
  Tags: z.array(tagSchema).optional(),
});
const namingSchema = z.object({ CertificateArn: z.string() });

const any = arn('acm', 'certificate/*');

/**
 * AWS Certificate Manager, as far as importing goes. Left out: issuing, chains, everything else.
 * What a listener uses cannot be deleted, and a new import under an ARN is used at once.
 */
export class Certificates {
  private readonly random: Random;
  /** Called before an import or a deletion is answered. */
  private readonly keep: (certificates: KeptCertificates) => Promise<void>;
  private certificates: KeptCertificates;
  private used: { readonly arn: string; readonly onChange: () => void } | undefined;

  constructor(
    kept: KeptCertificates,
    random: Random,
    keep: (certificates: KeptCertificates) => Promise<void>,
  ) {
    this.certificates = kept;
    this.random = random;
    this.keep = keep;
  }

  /** The certificate a listener takes; undefined: there is none of this name. */
  get(certificateArn: string): KeptCertificate | undefined {
    return this.certificates[certificateArn];
  }

  /** A listener uses it from now on, and is told when another is imported in its place. */
  use(certificateArn: string, onChange: () => void): void {
    this.used = { arn: certificateArn, onChange };
  }

  readonly standIn: StandIn = {
    service: 'acm',
    needs: (request) => {
      const action = `acm:${operationOf(request)}`;
      const { CertificateArn: named, Tags: tags } = jsonBody(request);
      if (typeof named === 'string') {
        const context = tagContext('aws:ResourceTag', this.certificates[named]?.tags ?? {});
        return [{ action, resource: named, context }];
      }
      const given = z.array(tagSchema).safeParse(tags).data ?? [];
      const asked: AccessRequest = {
        action,
        resource: any,
        context: tagContext('aws:RequestTag', tagsOf(given)),
      };
      const tagging = { ...asked, action: 'acm:AddTagsToCertificate' };
      return given.length === 0 ? [asked] : [asked, tagging];
    },
    answer: async (request) => {
      const input = jsonBody(request);
      switch (operationOf(request)) {
        case 'ImportCertificate':
          return this.import(input);
        case 'DescribeCertificate':
          return this.existing(input, (named) => this.describe(named));
        case 'DeleteCertificate':
          return this.existing(input, (named) => this.delete(named));
        default:
          return failure('UnknownOperationException', 'not known here');
      }
    },
    refuse: (_, code, message) => failure(code, message),
  };

  private async import(input: unknown): Promise<Answer> {
    const parsed = importSchema.safeParse(input);
    if (!parsed.success) return failure('ValidationException', z.prettifyError(parsed.error));
    const { Certificate, PrivateKey, CertificateArn: named, Tags: tags } = parsed.data;
    const pair = { certPem: textOf(Certificate), keyPem: textOf(PrivateKey) };
    const problem = problemOf(pair);
    if (problem !== undefined) return failure('ValidationException', problem);
    const former = named === undefined ? undefined : this.certificates[named];
    if (named !== undefined && former === undefined) return unknown(named);
    if (former !== undefined && tags !== undefined) {
      return failure('ValidationException', 'tags are given with the first import only');
    }
    const its = named ?? arn('acm', `certificate/${this.random.bytes(16).toString('hex')}`);
    const kept = { ...pair, tags: former?.tags ?? tagsOf(tags ?? []) };
    await this.change({ ...this.certificates, [its]: kept });
    if (this.used?.arn === its) this.used.onChange();
    return jsonAnswer(200, { CertificateArn: its });
  }

  private async existing(
    input: unknown,
    operation: (named: string) => Promise<Answer>,
  ): Promise<Answer> {
    const { CertificateArn: named = '' } = namingSchema.safeParse(input).data ?? {};
    return this.certificates[named] === undefined ? unknown(named) : operation(named);
  }

  private async describe(named: string): Promise<Answer> {
    const { validFrom, validTo } = new X509Certificate(this.certificates[named]?.certPem ?? '');
    return jsonAnswer(200, {
      Certificate: {
        ...{ CertificateArn: named, Type: 'IMPORTED', Status: 'ISSUED' },
        NotBefore: Date.parse(validFrom) / 1_000,
        NotAfter: Date.parse(validTo) / 1_000,
      },
    });
  }

  private async delete(named: string): Promise<Answer> {
    if (this.used?.arn === named) return failure('ResourceInUseException', `${named} is in use`);
    const { [named]: _, ...others } = this.certificates;
    await this.change(others);
    return jsonAnswer(200, {});
  }

  private change(certificates: KeptCertificates): Promise<void> {
    this.certificates = certificates;
    return this.keep(certificates);
  }
}

function problemOf({ certPem, keyPem }: { certPem: string; keyPem: string }): string | undefined {
  try {
    const certificate = new X509Certificate(certPem);
    if (certificate.checkPrivateKey(createPrivateKey(keyPem))) return undefined;
    return 'the private key is not that of the certificate';
  } catch (error) {
    return `neither a certificate nor its key: ${String(error)}`;
  }
}

function tagContext(kind: string, tags: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(tags).map(([name, value]) => [`${kind}/${name}`, value] as const),
  );
}

function tagsOf(tags: readonly z.infer<typeof tagSchema>[]): Record<string, string> {
  return Object.fromEntries(tags.map(({ Key, Value }) => [Key, Value] as const));
}

/** Blobs are base64 in this protocol. */
function textOf(base64: string): string {
  return Buffer.from(base64, 'base64').toString();
}

function unknown(named: string): Answer {
  return failure('ResourceNotFoundException', `Could not find certificate ${named}.`);
}

function failure(code: string, message: string): Answer {
  return jsonAnswer(400, { __type: code, message });
}
