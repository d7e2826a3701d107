import { buildApp } from 'fauxqs';
import { z } from 'zod';
import type { Answer } from '../http-server.ts';
import { keyUse } from '../iam/key-policies.ts';
import { arn, place } from '../template/place.ts';
import type { Stack } from '../template/stack.ts';
import { callLoopback } from './loopback-call.ts';
import { jsonAnswer, jsonBody, operationOf, type StandIn } from './signed-endpoint.ts';

const queueSchema = z.object({
  VisibilityTimeout: z.number().optional(),
  MessageRetentionPeriod: z.number().optional(),
  DelaySeconds: z.number().optional(),
  MaximumMessageSize: z.number().optional(),
  ReceiveMessageWaitTimeSeconds: z.number().optional(),
  KmsMasterKeyId: z.string().optional(),
  RedrivePolicy: z
    .object({ deadLetterTargetArn: z.string(), maxReceiveCount: z.number() })
    .optional(),
});

const createdSchema = z.object({ QueueUrl: z.string() });
const messageSchema = z.object({ body: z.string() });
const contentSchema = z.object({
  messages: z.object({
    ready: z.array(messageSchema),
    delayed: z.array(messageSchema),
    inflight: z.array(z.object({ message: messageSchema })),
  }),
});

/** Bodies of the messages in each queue, by queue name. */
export type QueueContents = Readonly<Record<string, readonly string[]>>;

/** A long poll lasts 20 s. */
const callLimitMs = 30_000;

type App = ReturnType<typeof buildApp>;

/**
 * SQS: fauxqs in this process. Left out: retention, at-least-once mischief. Queue policies decide
 * about services only (`iam/queue-policies.ts`); roles have policies of their own.
 */
export class Sqs {
  private readonly app: App;
  private readonly port: number;
  /** What fauxqs calls each queue, by name: it insists on URLs of its own making. */
  private readonly urls = new Map<string, string>();
  /** Keys of the queues that have one, by name. */
  private readonly keys = new Map<string, string>();
  private readonly stack: Stack;

  private constructor(app: App, port: number, stack: Stack) {
    this.stack = stack;
    this.app = app;
    this.port = port;
  }

  /** Start with the template's queues. */
  static async start(stack: Stack): Promise<Sqs> {
    const app = buildApp({ logger: false, defaultRegion: place.region });
    const port = Number(new URL(await app.listen({ port: 0, host: '127.0.0.1' })).port);
    const sqs = new Sqs(app, port, stack);
    for (const { logicalId, properties } of stack.ofType('AWS::SQS::Queue')) {
      const { KmsMasterKeyId: key, ...asked } = queueSchema.parse(properties);
      if (key !== undefined) sqs.keys.set(logicalId, key);
      const attributes = Object.entries(asked).map(([name, value]) => [
        name,
        typeof value === 'object' ? JSON.stringify(value) : String(value),
      ]);
      const { QueueUrl: url } = createdSchema.parse(
        await sqs.call('CreateQueue', {
          QueueName: logicalId,
          Attributes: Object.fromEntries(attributes),
        }),
      );
      sqs.urls.set(logicalId, url);
    }
    return sqs;
  }

  readonly standIn: StandIn = {
    service: 'sqs',
    needs: (request) => {
      const { QueueUrl: url } = jsonBody(request);
      const action = actionOf(operationOf(request));
      const key = typeof url === 'string' ? this.keys.get(queueName(url)) : undefined;
      const keyActions =
        action === 'sqs:SendMessage' ? ['GenerateDataKey', 'Decrypt'] : ['Decrypt'];
      return [
        { action, resource: queueArn(url) },
        ...(key === undefined ? [] : keyUse(this.stack, key, 'sqs', keyActions)),
      ];
    },
    answer: (request, { gone }) => {
      const body = jsonBody(request);
      const url = this.urls.get(queueName(String(body['QueueUrl'])));
      return this.forward(operationOf(request), { ...body, QueueUrl: url ?? '' }, gone);
    },
    refuse: (status, code, message) =>
      jsonAnswer(status, { __type: `com.amazonaws.sqs#${code}`, message }),
  };

  /** What a service of AWS puts into a queue, once it may. */
  async send(queueUrl: string, body: string): Promise<void> {
    const url = this.urls.get(queueName(queueUrl));
    await this.call('SendMessage', { QueueUrl: url, MessageBody: body });
  }

  /** All messages, whether waiting, delayed or being worked on. */
  async contents(): Promise<QueueContents> {
    const contents: Record<string, readonly string[]> = {};
    for (const name of this.urls.keys()) {
      const answer = await this.app.inject({ method: 'GET', url: `/_fauxqs/queues/${name}` });
      const { ready, delayed, inflight } = contentSchema.parse(answer.json()).messages;
      const messages = [...ready, ...delayed, ...inflight.map(({ message }) => message)];
      contents[name] = messages.map(({ body }) => body);
    }
    return contents;
  }

  /** Put messages back that an earlier run left; they are due at once. */
  async refill(contents: QueueContents): Promise<void> {
    for (const [name, url] of this.urls) {
      for (const body of contents[name] ?? []) {
        await this.call('SendMessage', { QueueUrl: url, MessageBody: body, DelaySeconds: 0 });
      }
    }
  }

  async stop(): Promise<void> {
    await this.app.close();
  }

  private async call(operation: string, input: unknown): Promise<unknown> {
    const answer = await this.forward(operation, input, AbortSignal.timeout(callLimitMs));
    const text = answer.body.toString();
    if (answer.status !== 200) throw new Error(`${operation}: ${text}`);
    return JSON.parse(text);
  }

  private forward(operation: string, input: unknown, gone: AbortSignal): Promise<Answer> {
    return callLoopback({
      port: this.port,
      method: 'POST',
      path: '/',
      headers: {
        'content-type': 'application/x-amz-json-1.0',
        'x-amz-target': `AmazonSQS.${operation}`,
      },
      body: Buffer.from(JSON.stringify(input)),
      signal: AbortSignal.any([gone, AbortSignal.timeout(callLimitMs)]),
    });
  }
}

/** Batch operations are permitted by the name of the single one. */
function actionOf(operation: string): string {
  return `sqs:${operation.replace(/Batch$/, '')}`;
}

function queueName(url: string): string {
  return url.split('/').at(-1) ?? '';
}

function queueArn(url: unknown): string {
  return typeof url === 'string' ? arn('sqs', queueName(url)) : '*';
}
