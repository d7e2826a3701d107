import { createServer } from 'node:http';
import type { TestContext } from 'node:test';
import { DynamoDb } from '#cdk/local/aws/dynamodb.ts';
import { callSigned } from '#cdk/local/aws/signed-call.ts';
import { type Gate, type StandIn, serveSigned } from '#cdk/local/aws/signed-endpoint.ts';
import { Sqs } from '#cdk/local/aws/sqs.ts';
import { close, listen } from '#cdk/local/http-server.ts';
import { CredentialRegistry, type Credentials } from '#cdk/local/iam/credential-registry.ts';
import { identityPolicies } from '#cdk/local/iam/identity-policies.ts';
import { systemClock, systemRandom } from '#cdk/local/system.ts';
import { Stack } from '#cdk/local/template/stack.ts';
import type { Template } from '#cdk/local/template/template.ts';

const callLimitMs = 30_000;

/** A small template's services behind the gate, and a role's credentials to call them with. */
export interface LocalAws {
  readonly stack: Stack;
  readonly endpoint: string;
  readonly credentials: Credentials;
  readonly refusals: readonly string[];
  readonly sqs: Sqs | undefined;
  call(target: string, input: Readonly<Record<string, unknown>>): Promise<unknown>;
}

/** `service` of a template that has one role, `Caller`. */
export async function startLocalAws(
  context: TestContext,
  service: 'dynamodb' | 'sqs',
  template: Template,
  journal?: string,
): Promise<LocalAws> {
  const server = createServer();
  context.after(() => close(server));
  const endpoint = `http://127.0.0.1:${await listen(server, '127.0.0.1', 0)}`;
  const stack = new Stack(
    template,
    { queueEndpoint: endpoint, frontDoor: '127.0.0.1', functionUrl: () => endpoint },
    {},
  );
  const registry = new CredentialRegistry(systemClock, systemRandom);
  const refusals: string[] = [];
  const gate: Gate = {
    clock: systemClock,
    registry,
    policies: identityPolicies(stack),
    onRefused: (message) => refusals.push(message),
  };
  const backend: { readonly standIn: StandIn; stop(): Promise<void> } =
    service === 'sqs'
      ? await Sqs.start(stack, systemClock, journal === undefined ? undefined : { journal })
      : await DynamoDb.start(stack, undefined);
  serveSigned(server, backend.standIn, gate);
  context.after(() => backend.stop());
  const principal = {
    ...{ kind: 'role' as const, roleName: 'Caller' },
    ...{ roleId: 'AROA1', sessionName: 'test' },
  };
  const credentials = registry.issue(principal, 3_600_000);
  return {
    stack,
    endpoint,
    credentials,
    refusals,
    sqs: backend instanceof Sqs ? backend : undefined,
    call: (target, input) =>
      callSigned({
        service,
        endpoint,
        target,
        input,
        credentials,
        signal: AbortSignal.timeout(callLimitMs),
      }),
  };
}

/** A role `Caller` that may do these things to one resource. */
export function callerRole(actions: readonly string[], resource: unknown): Template['Resources'] {
  return {
    Caller: { Type: 'AWS::IAM::Role' },
    CallerPolicy: {
      Type: 'AWS::IAM::Policy',
      Properties: {
        Roles: [{ Ref: 'Caller' }],
        PolicyDocument: {
          Statement: [{ Effect: 'Allow', Action: actions, Resource: resource }],
        },
      },
    },
  };
}
