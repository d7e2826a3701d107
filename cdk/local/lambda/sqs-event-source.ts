import { z } from 'zod';
import type { Clock, Timers } from '#shared/kernel/clock.ts';
import { callSigned } from '../aws/signed-call.ts';
import type { Credentials } from '../iam/credential-registry.ts';
import { place } from '../template/place.ts';
import type { FunctionPool } from './function-pool.ts';

const mappingSchema = z.object({
  BatchSize: z.number().int().min(1).max(10_000).default(10),
  MaximumBatchingWindowInSeconds: z.number().int().min(0).max(300).default(0),
  Enabled: z.boolean().default(true),
  EventSourceArn: z.string(),
  FunctionName: z.string(),
  FunctionResponseTypes: z.array(z.literal('ReportBatchItemFailures')).default([]),
  ScalingConfig: z.object({ MaximumConcurrency: z.number() }).optional(),
});
export type EventSourceMapping = z.infer<typeof mappingSchema>;

export const parseEventSourceMapping = (properties: unknown): EventSourceMapping =>
  mappingSchema.parse(properties);

const messageSchema = z.object({
  MessageId: z.string(),
  ReceiptHandle: z.string(),
  Body: z.string(),
  MD5OfBody: z.string(),
  Attributes: z.record(z.string(), z.string()).default({}),
});
type Message = z.infer<typeof messageSchema>;
const receivedSchema = z.object({ Messages: z.array(messageSchema).default([]) });
const failuresSchema = z
  .object({ batchItemFailures: z.array(z.object({ itemIdentifier: z.string() })).nullish() })
  .nullable();

/** A poll waits this long at the queue, the longest SQS allows. */
const pollSeconds = 20;
/** SQS hands out so many at a time. */
const pollMessagesMax = 10;
/** Well below the largest event. */
const batchBytesMax = 5 * 1024 * 1024;
const callLimitMs = 30_000;
/** After a failed poll: a missing grant would otherwise spin. */
const retryMs = 2_000;
/** Batches at work at a time. */
const concurrencyMax = 4;

export interface SqsEventSourceOptions {
  readonly mapping: EventSourceMapping;
  readonly queueUrl: string;
  /** The gate in front of SQS. */
  readonly endpoint: string;
  /** The function's role polls, as in AWS: its policies must allow it. */
  readonly credentials: Credentials;
  readonly pool: Pick<FunctionPool, 'invoke'>;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly onTrouble: (message: string) => void;
}

/**
 * Brings messages of a queue to a function and deletes what it handled. A message that failed
 * comes back after the queue's visibility timeout, and at last goes to the dead-letter queue.
 */
export class SqsEventSource {
  private readonly options: SqsEventSourceOptions;
  private readonly ending = new AbortController();
  private readonly batches = new Set<Promise<void>>();
  private polling: Promise<void> = Promise.resolve();

  constructor(options: SqsEventSourceOptions) {
    this.options = options;
  }

  start(): void {
    if (!this.options.mapping.Enabled) return;
    this.polling = this.poll();
  }

  async stop(): Promise<void> {
    this.ending.abort();
    await Promise.all([this.polling, ...this.batches]);
  }

  private async poll(): Promise<void> {
    const { mapping, onTrouble } = this.options;
    const limit = Math.min(mapping.ScalingConfig?.MaximumConcurrency ?? 5, concurrencyMax);
    let isKnown = false;
    while (!this.ending.signal.aborted) {
      try {
        // Lambda reads the queue's attributes before it polls.
        if (!isKnown) await this.call('GetQueueAttributes', { AttributeNames: ['All'] });
        isKnown = true;
        const messages = await this.gather();
        if (messages.length > 0) this.begin(messages);
        while (this.batches.size >= limit) await Promise.race(this.batches);
      } catch (error) {
        if (this.ending.signal.aborted) return;
        onTrouble(String(error));
        await this.pause(retryMs);
      }
    }
  }

  private begin(messages: readonly Message[]): void {
    const batch = this.process(messages)
      .catch((error: unknown) => {
        if (!this.ending.signal.aborted) this.options.onTrouble(String(error));
      })
      .finally(() => this.batches.delete(batch));
    this.batches.add(batch);
  }

  private async process(messages: readonly Message[]): Promise<void> {
    const { mapping, pool } = this.options;
    const event = {
      Records: messages.map((message) => sqsRecord(message, mapping.EventSourceArn)),
    };
    const traces = messages.flatMap(({ Attributes }) => Attributes['AWSTraceHeader'] ?? []);
    const outcome = await pool.invoke(event, traces);
    if (outcome.kind !== 'answer') return; // the whole batch comes back
    const reports = mapping.FunctionResponseTypes.includes('ReportBatchItemFailures');
    const handled = reports ? handledMessages(messages, outcome.payload) : messages;
    if (handled.length === 0) return;
    for (let at = 0; at < handled.length; at += pollMessagesMax) {
      await this.call('DeleteMessageBatch', {
        Entries: handled
          .slice(at, at + pollMessagesMax)
          .map(({ MessageId, ReceiptHandle }) => ({ Id: MessageId, ReceiptHandle })),
      });
    }
  }

  /**
   * One batch. With a batching window, Lambda goes on gathering until the batch is full, the window
   * over, or the event as large as it may be.
   */
  private async gather(): Promise<readonly Message[]> {
    const { BatchSize: size, MaximumBatchingWindowInSeconds: window } = this.options.mapping;
    const gathered = [...(await this.receive(size, pollSeconds))];
    if (gathered.length === 0) return gathered;
    const endMs = this.options.clock.monotonicMs() + window * 1_000;
    while (gathered.length < size && !this.ending.signal.aborted) {
      const leftSeconds = Math.floor((endMs - this.options.clock.monotonicMs()) / 1_000);
      if (leftSeconds < 1 || JSON.stringify(gathered).length > batchBytesMax) break;
      gathered.push(...(await this.receive(size - gathered.length, leftSeconds)));
    }
    return gathered;
  }

  private async receive(most: number, waitSeconds: number): Promise<readonly Message[]> {
    const answer = await this.call('ReceiveMessage', {
      MaxNumberOfMessages: Math.min(most, pollMessagesMax),
      WaitTimeSeconds: Math.min(waitSeconds, pollSeconds),
      MessageSystemAttributeNames: ['All'],
    });
    return receivedSchema.parse(answer).Messages;
  }

  private call(operation: string, input: Readonly<Record<string, unknown>>): Promise<unknown> {
    const { endpoint, credentials, queueUrl } = this.options;
    return callSigned({
      service: 'sqs',
      endpoint,
      credentials,
      target: `AmazonSQS.${operation}`,
      input: { QueueUrl: queueUrl, ...input },
      signal: AbortSignal.any([this.ending.signal, AbortSignal.timeout(callLimitMs)]),
    });
  }

  private pause(delayMs: number): Promise<void> {
    return new Promise((resolve) => {
      const { signal } = this.ending;
      const wake = (): void => {
        cancel();
        signal.removeEventListener('abort', wake);
        resolve();
      };
      const cancel = this.options.timers.after(delayMs, wake);
      signal.addEventListener('abort', wake);
    });
  }
}

/** One record of the event, as Lambda documents it. */
function sqsRecord(message: Message, queueArn: string): unknown {
  return {
    messageId: message.MessageId,
    receiptHandle: message.ReceiptHandle,
    body: message.Body,
    attributes: message.Attributes,
    messageAttributes: {},
    md5OfBody: message.MD5OfBody,
    eventSource: 'aws:sqs',
    eventSourceARN: queueArn,
    awsRegion: place.region,
  };
}

/** Lambda's reading of the answer: what it cannot make sense of is a failure of the whole batch. */
export function handledMessages<M extends { readonly MessageId: string }>(
  messages: readonly M[],
  payload: string,
): readonly M[] {
  const parsed = failuresSchema.safeParse(JSON.parse(payload));
  if (!parsed.success) return [];
  const failed = new Set(
    (parsed.data?.batchItemFailures ?? []).map(({ itemIdentifier }) => itemIdentifier),
  );
  const known = new Set(messages.map(({ MessageId }) => MessageId));
  for (const id of failed) if (!known.has(id)) return [];
  return messages.filter(({ MessageId }) => !failed.has(MessageId));
}
