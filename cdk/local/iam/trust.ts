import { z } from 'zod';
import type { ResolvedResource } from '../template/stack.ts';
import { TemplateError } from '../template/template.ts';

const oneOrMore = z.union([z.string().transform((text) => [text]), z.array(z.string())]);
const trustSchema = z.object({
  AssumeRolePolicyDocument: z.object({
    Statement: z.array(
      z.object({
        Effect: z.literal('Allow'),
        Action: z.literal('sts:AssumeRole'),
        Principal: z.object({ Service: oneOrMore }),
      }),
    ),
  }),
});

/** A service may take on a role only if the role says so; otherwise nothing of it ever starts. */
export function assertTrusts(role: ResolvedResource, service: string): void {
  const parsed = trustSchema.safeParse(role.properties);
  const trusts =
    parsed.success &&
    parsed.data.AssumeRolePolicyDocument.Statement.some(({ Principal: principal }) =>
      principal.Service.includes(service),
    );
  if (trusts) return;
  throw new TemplateError(
    `${role.logicalId}: its AssumeRolePolicyDocument does not let ${service} assume it`,
  );
}
