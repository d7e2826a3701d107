import { z } from 'zod';
import { arn, place } from '../template/place.ts';
import type { ResolvedResource, Stack } from '../template/stack.ts';
import { TemplateError } from '../template/template.ts';
import type { AccessRequest } from './policy.ts';

const oneOrMore = z.union([z.string().transform((text) => [text]), z.array(z.string())]);
const keyPolicySchema = z.object({
  KeyPolicy: z.object({
    Statement: z.array(
      z.object({
        Effect: z.literal('Allow'),
        Action: oneOrMore,
        Principal: z.union([z.literal('*'), z.record(z.string(), oneOrMore)]),
      }),
    ),
  }),
});

/**
 * What IAM must allow before a service uses a key in its caller's name. Nothing is encrypted here,
 * but whoever may not use the key is refused as on AWS.
 */
export function keyUse(
  stack: Stack,
  keyId: string,
  service: string,
  actions: readonly string[],
  /** What the service binds the encryption to, as it documents. */
  encryptionContext: Readonly<Record<string, string>> = {},
): AccessRequest[] {
  if (keyId.startsWith('alias/aws/')) return []; // AWS's own key for the service serves everybody
  const key = stack.called('AWS::KMS::Key', keyId);
  assertDelegates(key);
  return actions.map((action) => ({
    action: `kms:${action}`,
    resource: key.attribute('Arn'),
    context: {
      'kms:ViaService': `${service}.${place.region}.amazonaws.com`,
      'kms:CallerAccount': place.account,
      ...Object.fromEntries(
        Object.entries(encryptionContext).map(([name, value]) => [
          `kms:EncryptionContext:${name}`,
          value,
        ]),
      ),
    },
  }));
}

/** Only keys that leave the decision to IAM, as the CDK makes them, are known here. */
function assertDelegates(key: ResolvedResource): void {
  const parsed = keyPolicySchema.safeParse(key.properties);
  const delegates =
    parsed.success &&
    parsed.data.KeyPolicy.Statement.some(
      ({ Action: actions, Principal: principal }) =>
        actions.includes('kms:*') &&
        principal !== '*' &&
        (principal['AWS'] ?? []).includes(arn('iam', 'root')),
    );
  if (delegates) return;
  throw new TemplateError(
    `${key.logicalId}: only a key whose policy lets IAM decide is known here`,
  );
}
