import { z } from 'zod';
import type { Stack } from '../template/stack.ts';
import { decideAccess, statementSchema } from './policy.ts';

/** A statement of a resource's policy: one that also says for whom. */
const resourceStatementSchema = statementSchema.extend({
  Principal: z.record(z.string(), z.string()),
});
const queuePolicySchema = z.object({
  Queues: z.array(z.string()),
  PolicyDocument: z.object({ Statement: z.array(resourceStatementSchema) }),
});

/** A service of AWS that does something in the name of one of its resources. */
export interface ServiceCaller {
  /** `events.amazonaws.com` */
  readonly service: string;
  readonly sourceArn: string;
}

/**
 * Whether a queue's own policy lets a service send to it. Nothing else does: a service has no role
 * here. What comes from AWS itself comes over TLS.
 */
export function queueAllowsSend(stack: Stack, queueUrl: string, caller: ServiceCaller): boolean {
  const queue = stack.called('AWS::SQS::Queue', queueUrl);
  const statements = stack
    .ofType('AWS::SQS::QueuePolicy')
    .map(({ properties }) => queuePolicySchema.parse(properties))
    .filter(({ Queues: queues }) => queues.includes(queue.ref))
    .flatMap(({ PolicyDocument: document }) => document.Statement)
    .filter(
      ({ Principal: principal }) =>
        principal['AWS'] === '*' || principal['Service'] === caller.service,
    );
  const decision = decideAccess(statements, {
    action: 'sqs:SendMessage',
    resource: queue.attribute('Arn'),
    context: { 'aws:SourceArn': caller.sourceArn, 'aws:SecureTransport': 'true' },
  });
  return decision === 'allowed';
}
