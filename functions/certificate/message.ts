import * as z from 'zod';

/** What CloudFormation tells a custom resource's function; everything in it goes back or away. */
const requestSchema = z.object({
  RequestType: z.enum(['Create', 'Update', 'Delete']),
  /** Pre-signed: whoever has it may answer, once. */
  ResponseURL: z.url(),
  StackId: z.string(),
  RequestId: z.string(),
  LogicalResourceId: z.string(),
  PhysicalResourceId: z.string().optional(),
  ResourceProperties: z.object({ Names: z.array(z.string()).min(1) }),
});
export type ResourceRequest = z.infer<typeof requestSchema>;

const messageSchema = z.discriminatedUnion('kind', [
  /** Each day, from the schedule. */
  z.object({
    kind: z.literal('renew'),
    certificateArn: z.string(),
    names: z.array(z.string()).min(1),
  }),
  /** From ourselves: a load balancer still had it. */
  z.object({ kind: z.literal('remove'), request: requestSchema, sinceMs: z.number().int() }),
]);
export type CertificateMessage = z.infer<typeof messageSchema>;

export const certificateMessages = {
  remove: (request: ResourceRequest, sinceMs: number): string =>
    JSON.stringify({ kind: 'remove', request, sinceMs }),
  /** @throws on a body nobody of ours wrote. */
  decode: (body: string): CertificateMessage => messageSchema.parse(JSON.parse(body)),
  /** @throws on what CloudFormation does not send. */
  request: (event: unknown): ResourceRequest => requestSchema.parse(event),
} as const;

/** What CloudFormation is answered. */
export interface ResourceAnswer {
  readonly Status: 'SUCCESS' | 'FAILED';
  /** Why, for who reads the stack's events. */
  readonly Reason: string;
  readonly PhysicalResourceId: string;
  readonly StackId: string;
  readonly RequestId: string;
  readonly LogicalResourceId: string;
}
