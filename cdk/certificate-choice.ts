/** Where the front door's certificate comes from: `cdk deploy -c name=value`. */
export type CertificateChoice =
  /** `certificateArn`: one that is in ACM already. */
  | { readonly kind: 'given'; readonly arn: string }
  /** `domainName` and `hostedZoneId`: issued by ACM, and a record that names the front door. */
  | { readonly kind: 'domain'; readonly domainName: string; readonly hostedZoneId: string }
  /** Nothing: made and renewed by the stack. */
  | { readonly kind: 'self-signed' };

const certificateArn = /^arn:[^:]+:(acm|iam):.+/;

/** @throws when what was said does not go together. */
export function certificateChoice(context: (name: string) => unknown): CertificateChoice {
  const arn = textOf(context, 'certificateArn');
  const domainName = textOf(context, 'domainName');
  const hostedZoneId = textOf(context, 'hostedZoneId');
  if (arn !== undefined) {
    if (domainName !== undefined || hostedZoneId !== undefined) {
      throw new Error('say certificateArn, or domainName and hostedZoneId, not both');
    }
    if (!certificateArn.test(arn)) throw new Error(`certificateArn is no ARN of one: ${arn}`);
    return { kind: 'given', arn };
  }
  if (domainName === undefined && hostedZoneId === undefined) return { kind: 'self-signed' };
  if (domainName === undefined || hostedZoneId === undefined) {
    throw new Error('domainName and hostedZoneId go together');
  }
  return { kind: 'domain', domainName, hostedZoneId };
}

/** Texts of `-c`; nothing said and an empty text are the same. */
export function textOf(context: (name: string) => unknown, name: string): string | undefined {
  const value = context(name);
  if (value === undefined || value === '') return undefined;
  if (typeof value !== 'string') throw new Error(`the context value ${name} is no text`);
  return value;
}
