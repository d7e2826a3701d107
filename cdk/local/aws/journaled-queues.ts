import { z } from 'zod';
import type { Clock } from '#shared/kernel/clock.ts';
import type { Answer } from '../http-server.ts';
import type { MessageJournal } from './message-journal.ts';

const sendSchema = z.object({ MessageBody: z.string(), DelaySeconds: z.number().optional() });
const sentSchema = z.object({ MessageId: z.string() });
const sendBatchSchema = z.object({ Entries: z.array(sendSchema.extend({ Id: z.string() })) });
const sentBatchSchema = z.object({
  Successful: z.array(sentSchema.extend({ Id: z.string() })).default([]),
});
const receivedSchema = z.object({
  Messages: z.array(sentSchema.extend({ ReceiptHandle: z.string() })).default([]),
});
const deleteSchema = z.object({ ReceiptHandle: z.string() });
const deleteBatchSchema = z.object({
  Entries: z.array(deleteSchema.extend({ Id: z.string() })),
});
const deletedBatchSchema = z.object({
  Successful: z.array(z.object({ Id: z.string() })).default([]),
});

/** Receipts remembered at a time; a message that is deleted by an older one comes once more. */
const receiptsMax = 100_000;

/** Keeps a journal of what is sent to queues and deleted from them, from requests and answers. */
export class JournaledQueues {
  private readonly journal: MessageJournal;
  private readonly clock: Clock;
  /** Ids of messages by receipt. */
  private readonly received = new Map<string, string>();

  constructor(journal: MessageJournal, clock: Clock) {
    this.journal = journal;
    this.clock = clock;
  }

  /** Note what an operation on a queue has done; before its caller learns of it. */
  note(queue: string, operation: string, input: unknown, answer: Answer): void {
    if (answer.status !== 200) return;
    const text = answer.body.toString();
    const output: unknown = text === '' ? {} : JSON.parse(text);
    switch (operation) {
      case 'SendMessage':
        this.sent(queue, sendSchema.parse(input), sentSchema.parse(output).MessageId);
        return;
      case 'SendMessageBatch': {
        const entries = new Map(sendBatchSchema.parse(input).Entries.map((one) => [one.Id, one]));
        for (const { Id, MessageId } of sentBatchSchema.parse(output).Successful) {
          const entry = entries.get(Id);
          if (entry !== undefined) this.sent(queue, entry, MessageId);
        }
        return;
      }
      case 'ReceiveMessage':
        for (const { MessageId, ReceiptHandle } of receivedSchema.parse(output).Messages) {
          if (this.received.size >= receiptsMax) this.received.clear();
          this.received.set(ReceiptHandle, MessageId);
        }
        return;
      case 'DeleteMessage':
        this.deleted(deleteSchema.parse(input).ReceiptHandle);
        return;
      case 'DeleteMessageBatch': {
        const done = new Set(deletedBatchSchema.parse(output).Successful.map(({ Id }) => Id));
        for (const { Id, ReceiptHandle } of deleteBatchSchema.parse(input).Entries) {
          if (done.has(Id)) this.deleted(ReceiptHandle);
        }
        return;
      }
      case 'PurgeQueue':
        this.journal.purged(queue);
        return;
    }
  }

  private sent(queue: string, message: z.infer<typeof sendSchema>, id: string): void {
    const dueMs = this.clock.nowMs() + (message.DelaySeconds ?? 0) * 1_000;
    this.journal.sent(id, { queue, body: message.MessageBody, dueMs });
  }

  private deleted(receipt: string): void {
    const id = this.received.get(receipt);
    if (id === undefined) return;
    this.received.delete(receipt);
    this.journal.deleted(id);
  }
}
