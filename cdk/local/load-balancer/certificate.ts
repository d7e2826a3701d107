import { z } from 'zod';
import type { Certificates } from '../aws/certificates.ts';
import { place } from '../template/place.ts';
import type { Stack } from '../template/stack.ts';
import { TemplateError } from '../template/template.ts';
import { httpsListener } from './rules.ts';

/** What a listener presents, as PEM. */
export interface CertificatePair {
  readonly certPem: string;
  readonly keyPem: string;
}

const schema = z.object({ Certificates: z.tuple([z.object({ CertificateArn: z.string() })]) });
const ours = new RegExp(`^arn:[^:]+:(acm|iam):[^:]*:${place.account}:`);

/**
 * The certificate of the template's HTTPS listener: the one of that name here, always as it was
 * imported last. One of a real account, or issued by ACM, is `elsewhere`'s matter.
 */
export async function listenerCertificate(
  stack: Stack,
  certificates: Certificates,
  elsewhere: () => Promise<CertificatePair>,
): Promise<ListenerCertificate> {
  const { properties } = httpsListener(stack);
  const [{ CertificateArn: named }] = schema.parse(properties).Certificates;
  const imported = certificates.get(named);
  if (imported !== undefined) {
    return {
      current: () => certificates.get(named) ?? imported,
      follow: (onChange) => certificates.use(named, onChange),
    };
  }
  if (ours.test(named)) throw new TemplateError(`the listener’s certificate ${named} is not here`);
  const pair = await elsewhere();
  return { current: () => pair, follow: () => undefined };
}

export interface ListenerCertificate {
  readonly current: () => CertificatePair;
  /** Call this whenever another is imported under its name. */
  readonly follow: (onChange: () => void) => void;
}
