import { isDeepStrictEqual } from 'node:util';
import { z } from 'zod';
import type { Random } from '#shared/kernel/random.ts';
import type { Outcome } from '../lambda/function-process.ts';
import { StartError } from '../start-error.ts';
import { pseudoParameters } from '../template/place.ts';
import type { Stack } from '../template/stack.ts';
import type { ResourceAnswer, ResponseServer } from './response-server.ts';

/** What a function of the template made. */
export const madeResourceSchema = z.object({
  logicalId: z.string(),
  type: z.string(),
  physicalId: z.string(),
  properties: z.record(z.string(), z.unknown()),
  /** What `Fn::GetAtt` gives. */
  data: z.record(z.string(), z.unknown()),
  /** Something else took its place; it is yet to be deleted. */
  isReplaced: z.boolean(),
});
export type MadeResource = z.infer<typeof madeResourceSchema>;

const tokenSchema = z.object({
  ServiceToken: z.string(),
  ServiceTimeout: z.coerce.number().int().min(1).max(3_600).default(3_600),
});

export interface CustomResourceServices {
  readonly responses: ResponseServer;
  readonly random: Random;
  /** Called after each change. */
  readonly keep: (made: readonly MadeResource[]) => Promise<void>;
}

/** Runs a function, whose ARN is the token of a custom resource. */
export type InvokeFunction = (functionArn: string, event: unknown) => Promise<Outcome>;

type Request =
  | { readonly RequestType: 'Create' }
  | {
      readonly RequestType: 'Update';
      readonly PhysicalResourceId: string;
      readonly OldResourceProperties: unknown;
    }
  | { readonly RequestType: 'Delete'; readonly PhysicalResourceId: string };

type Subject = Pick<MadeResource, 'logicalId' | 'type' | 'properties'>;

/**
 * CloudFormation's part in custom resources: asks the function named by the service token to
 * create, update and delete, and waits for its word. Left out: Lambda's retries, and the way back
 * after a failure; here one corrects the template and starts again.
 */
export class CustomResources {
  private readonly services: CustomResourceServices;
  private made: readonly MadeResource[];

  /** `made`: what is there from earlier deployments. */
  constructor(made: readonly MadeResource[], services: CustomResourceServices) {
    this.made = made;
    this.services = services;
  }

  /** Have made, or changed, what the template wants. @throws {StartError} when one is not. */
  async settle(stack: Stack, invoke: InvokeFunction): Promise<void> {
    for (const { logicalId, type } of stack.customResources()) {
      const wanted = { logicalId, type, properties: stack.propertiesOf(logicalId) };
      const kept = this.made.find((one) => one.logicalId === logicalId && !one.isReplaced);
      const now = await this.brought(wanted, kept, invoke);
      stack.make(logicalId, {
        ref: now.physicalId,
        attribute: (name) => (now.data[name] === undefined ? undefined : String(now.data[name])),
      });
    }
  }

  /** What the template has no more, or has something else in place of. */
  leftovers(stack: Stack): readonly MadeResource[] {
    const wanted = new Set(stack.customResources().map(({ logicalId }) => logicalId));
    return this.made.filter(({ logicalId, isReplaced }) => isReplaced || !wanted.has(logicalId));
  }

  async delete(leftover: MadeResource, invoke: InvokeFunction): Promise<void> {
    const PhysicalResourceId = leftover.physicalId;
    await this.ask(leftover, { RequestType: 'Delete', PhysicalResourceId }, invoke);
    await this.forget(leftover);
  }

  forget(leftover: MadeResource): Promise<void> {
    return this.change(this.made.filter((one) => one !== leftover));
  }

  private async brought(
    wanted: Subject,
    kept: MadeResource | undefined,
    invoke: InvokeFunction,
  ): Promise<MadeResource> {
    if (kept !== undefined && isDeepStrictEqual(kept.properties, wanted.properties)) return kept;
    if (kept !== undefined && tokenOf(kept) !== tokenOf(wanted)) {
      throw new StartError(`${wanted.logicalId}: Modifying service token is not allowed.`);
    }
    const request: Request =
      kept === undefined
        ? { RequestType: 'Create' }
        : {
            RequestType: 'Update',
            PhysicalResourceId: kept.physicalId,
            OldResourceProperties: asTexts(kept.properties),
          };
    const { PhysicalResourceId, Data } = await this.ask(wanted, request, invoke);
    const now = { ...wanted, physicalId: PhysicalResourceId, data: Data, isReplaced: false };
    const others = this.made.filter((one) => one !== kept);
    const isAnother = kept !== undefined && kept.physicalId !== PhysicalResourceId;
    await this.change([...others, now, ...(isAnother ? [{ ...kept, isReplaced: true }] : [])]);
    return now;
  }

  private async ask(
    subject: Subject,
    request: Request,
    invoke: InvokeFunction,
  ): Promise<ResourceAnswer> {
    const { ServiceToken, ServiceTimeout: seconds } = tokenSchema.parse(subject.properties);
    const { random, responses } = this.services;
    const { url, reply, giveUp } = responses.expect(seconds * 1_000);
    const ids = {
      StackId: pseudoParameters['AWS::StackId'] ?? '',
      RequestId: random.bytes(16).toString('hex'),
      LogicalResourceId: subject.logicalId,
    };
    const event = {
      ...request,
      ...ids,
      ServiceToken,
      ResponseURL: url,
      ResourceType: subject.type,
      ResourceProperties: asTexts(subject.properties),
    };
    // How an invocation ends says nothing, unless it failed: then no answer will come.
    void invoke(ServiceToken, event).then((outcome) => {
      if (outcome.kind === 'error') giveUp(`${outcome.errorType}: ${outcome.errorMessage}`);
      if (outcome.kind === 'throttled') giveUp('the function is throttled');
    });
    const outcome = await reply;
    const what = `${subject.logicalId} (${request.RequestType})`;
    if (outcome.kind === 'silent') {
      throw new StartError(`${what}: no response from the function within ${seconds} s`);
    }
    if (outcome.kind === 'bad') throw new StartError(`${what}: ${outcome.reason}`);
    const { answer } = outcome;
    for (const name of ['StackId', 'RequestId', 'LogicalResourceId'] as const) {
      if (answer[name] !== ids[name]) throw new StartError(`${what}: the answer’s ${name} differs`);
    }
    if (answer.Status === 'SUCCESS') return answer;
    throw new StartError(
      `${what}: Received response status [FAILED] from custom resource. ` +
        `Message returned: ${answer.Reason ?? 'none'}`,
    );
  }

  private change(made: readonly MadeResource[]): Promise<void> {
    this.made = made;
    return this.services.keep(made);
  }
}

function tokenOf({ properties }: Subject): string {
  return tokenSchema.parse(properties).ServiceToken;
}

/** CloudFormation sends numbers and booleans as texts. */
function asTexts(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(asTexts);
  if (typeof value !== 'object' || value === null) return String(value);
  return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, asTexts(one)]));
}
