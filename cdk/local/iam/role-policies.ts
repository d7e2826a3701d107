import { z } from 'zod';
import type { Stack } from '../template/stack.ts';
import { TemplateError } from '../template/template.ts';
import { policyDocumentSchema, type Statement } from './policy.ts';

const inlinePolicy = z.object({ PolicyDocument: policyDocumentSchema });
const roleSchema = z.object({
  Policies: z.array(inlinePolicy).default([]),
  ManagedPolicyArns: z.array(z.string()).default([]),
});
const policySchema = inlinePolicy.extend({ Roles: z.array(z.string()) });

/** AWS's own policies this machine knows, and what they allow that matters here. */
const managedPolicies: Readonly<Record<string, readonly Statement[]>> = {
  // Writing logs; logs are files here.
  'arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole': [],
};

/** What each role of the template may do, by role name. */
export function rolePolicies(stack: Stack): ReadonlyMap<string, readonly Statement[]> {
  const policies = new Map<string, Statement[]>();
  for (const { ref, properties } of stack.ofType('AWS::IAM::Role')) {
    const role = roleSchema.parse(properties);
    policies.set(ref, [
      ...role.Policies.flatMap((policy) => policy.PolicyDocument.Statement),
      ...role.ManagedPolicyArns.flatMap((arn) => managedPolicy(arn, ref)),
    ]);
  }
  for (const { logicalId, properties } of stack.ofType('AWS::IAM::Policy')) {
    const policy = policySchema.parse(properties);
    for (const role of policy.Roles) {
      const statements = policies.get(role);
      if (statements === undefined) throw new TemplateError(`${logicalId}: no role ${role}`);
      statements.push(...policy.PolicyDocument.Statement);
    }
  }
  return policies;
}

function managedPolicy(arn: string, role: string): readonly Statement[] {
  const statements = managedPolicies[arn];
  if (statements === undefined) {
    throw new TemplateError(
      `${role}: the local stack does not know the managed policy ${arn} (cdk/local/iam)`,
    );
  }
  return statements;
}
