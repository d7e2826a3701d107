import { z } from 'zod';
import { explainRefusal } from '../iam/explain.ts';
import type { IdentityPolicies } from '../iam/identity-policies.ts';
import { arn } from '../template/place.ts';
import type { Stack } from '../template/stack.ts';
import { TemplateError } from '../template/template.ts';

const functionSchema = z.object({
  Role: z.string(),
  LoggingConfig: z.object({ LogGroup: z.string().optional() }).optional(),
});

/** A function whose role may not write its log says nothing on AWS, whatever happens to it. */
export function assertLogsAreWritten(
  stack: Stack,
  policies: ReadonlyMap<string, IdentityPolicies>,
): void {
  for (const { logicalId, properties } of stack.ofType('AWS::Lambda::Function')) {
    const { Role: roleArn, LoggingConfig: logging } = functionSchema.parse(properties);
    const group = logging?.LogGroup ?? `/aws/lambda/${logicalId}`;
    const holder = `role ${stack.called('AWS::IAM::Role', roleArn).ref}`;
    for (const action of ['logs:CreateLogStream', 'logs:PutLogEvents']) {
      const resource = arn('logs', `log-group:${group}:log-stream:1`);
      const reason = explainRefusal(holder, policies.get(holder), { action, resource });
      if (reason !== undefined) throw new TemplateError(`${logicalId} loses its log: ${reason}`);
    }
  }
}
