import { buildApp } from 'fauxqs';
import { z } from 'zod';
import type { Clock } from '#shared/kernel/clock.ts';
import type { Answer } from '../http-server.ts';
import { keyUse } from '../iam/key-policies.ts';
import { arn, place } from '../template/place.ts';
import type { Stack } from '../template/stack.ts';
import { JournaledQueues } from './journaled-queues.ts';
import { callLoopback } from './loopback-call.ts';
import { type KeptMessage, MessageJournal } from './message-journal.ts';
import { MessageTraces } from './message-traces.ts';
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

/** The longest delay SQS knows. */
const delaySecondsMax = 900;
/** A long poll lasts 20 s. */
const callLimitMs = 30_000;

/** Where messages outlive this process. */
export interface KeptQueues {
  /** A file: see `message-journal.ts`. */
  readonly journal: string;
  /** Messages kept in another way before. */
  readonly imported?: readonly KeptMessage[];
  /** The template has such a queue no more; AWS deletes it with its messages too. */
  readonly onGone?: (queue: string, count: number) => void;
}

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
  private readonly traces = new MessageTraces();
  private readonly stack: Stack;
  private journal: MessageJournal | undefined;
  private journaled: JournaledQueues | undefined;

  private constructor(app: App, port: number, stack: Stack) {
    this.stack = stack;
    this.app = app;
    this.port = port;
  }

  /** Start with the template's queues and, if messages are kept, those an earlier run left. */
  static async start(stack: Stack, clock: Clock, kept?: KeptQueues): Promise<Sqs> {
    const app = buildApp({ logger: false, defaultRegion: place.region });
    const port = Number(new URL(await app.listen({ port: 0, host: '127.0.0.1' })).port);
    const sqs = new Sqs(app, port, stack);
    try {
      await sqs.createQueues();
      if (kept !== undefined) await sqs.takeOver(kept, clock);
    } catch (error) {
      await sqs.stop();
      throw error;
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
    answer: async (request, { gone }) => {
      const body = jsonBody(request);
      const operation = operationOf(request);
      const queue = queueName(String(body['QueueUrl']));
      const input = { ...body, QueueUrl: this.urls.get(queue) ?? '' };
      const answer = await this.forward(operation, input, gone);
      this.journaled?.note(queue, operation, body, answer);
      return this.traces.through(operation, request.headers['x-amzn-trace-id'], answer);
    },
    refuse: (status, code, message) =>
      jsonAnswer(status, { __type: `com.amazonaws.sqs#${code}`, message }),
  };

  /** What a service of AWS puts into a queue, once it may. */
  send(queueUrl: string, body: string): Promise<void> {
    return this.put(queueName(queueUrl), body, 0);
  }

  private async put(queue: string, body: string, delaySeconds: number): Promise<void> {
    const QueueUrl = this.urls.get(queue);
    const input = { QueueUrl, MessageBody: body, DelaySeconds: delaySeconds };
    const answer = await this.forward('SendMessage', input, AbortSignal.timeout(callLimitMs));
    if (answer.status !== 200) throw new Error(`SendMessage: ${answer.body}`);
    this.journaled?.note(queue, 'SendMessage', input, answer);
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

  private async createQueues(): Promise<void> {
    for (const { logicalId, properties } of this.stack.ofType('AWS::SQS::Queue')) {
      const { KmsMasterKeyId: key, ...asked } = queueSchema.parse(properties);
      if (key !== undefined) this.keys.set(logicalId, key);
      const attributes = Object.entries(asked).map(([name, value]) => [
        name,
        typeof value === 'object' ? JSON.stringify(value) : String(value),
      ]);
      const { QueueUrl: url } = createdSchema.parse(
        await this.call('CreateQueue', {
          QueueName: logicalId,
          Attributes: Object.fromEntries(attributes),
        }),
      );
      this.urls.set(logicalId, url);
    }
  }

  /** Go on with the messages of an earlier run. */
  private async takeOver(
    { imported = [], journal: path, onGone }: KeptQueues,
    clock: Clock,
  ): Promise<void> {
    const { journal, left } = MessageJournal.read(path);
    this.journal = journal;
    this.journaled = new JournaledQueues(journal, clock);
    // Written when all are there: until then the old file counts.
    await this.refill([...imported, ...left], clock, onGone);
    journal.begin();
  }

  /** Put back what an earlier run left, due when it was; a queue that is gone takes its along. */
  private async refill(
    left: readonly KeptMessage[],
    clock: Clock,
    onGone: KeptQueues['onGone'],
  ): Promise<void> {
    const gone = new Map<string, number>();
    for (const { queue, body, dueMs } of left) {
      if (!this.urls.has(queue)) {
        gone.set(queue, (gone.get(queue) ?? 0) + 1);
        continue;
      }
      const seconds = Math.ceil((dueMs - clock.nowMs()) / 1_000);
      await this.put(queue, body, Math.min(Math.max(0, seconds), delaySecondsMax));
    }
    for (const [queue, count] of gone) onGone?.(queue, count);
  }

  async stop(): Promise<void> {
    await this.app.close();
    this.journal?.close();
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
