import { z } from 'zod';
import type { Answer } from '../http-server.ts';

const sentSchema = z.object({ MessageId: z.string() });
const receivedSchema = z.looseObject({
  Messages: z
    .array(
      z.looseObject({
        MessageId: z.string(),
        Attributes: z.record(z.string(), z.string()).default({}),
      }),
    )
    .default([]),
});

/** Messages whose headers are remembered, the latest. */
const messagesMax = 10_000;

/** Gives messages the trace header they were sent with, as SQS does and fauxqs does not. */
export class MessageTraces {
  /** Headers by message id. */
  private readonly headers = new Map<string, string>();

  /** The answer to an operation, whose request had this trace header. */
  through(operation: string, header: string | undefined, answer: Answer): Answer {
    if (answer.status !== 200) return answer;
    if (operation === 'SendMessage' && header !== undefined) {
      this.remember(sentSchema.parse(parsed(answer)).MessageId, header);
    }
    return operation === 'ReceiveMessage' ? this.traced(answer) : answer;
  }

  private remember(id: string, header: string): void {
    this.headers.set(id, header);
    const [oldest] = this.headers.keys();
    if (this.headers.size > messagesMax && oldest !== undefined) this.headers.delete(oldest);
  }

  private traced(answer: Answer): Answer {
    const { Messages: messages, ...others } = receivedSchema.parse(parsed(answer));
    if (messages.length === 0) return answer;
    for (const { Attributes: attributes, MessageId: id } of messages) {
      const header = this.headers.get(id);
      if (header !== undefined) attributes['AWSTraceHeader'] = header;
    }
    return { ...answer, body: Buffer.from(JSON.stringify({ ...others, Messages: messages })) };
  }
}

const parsed = ({ body }: Answer): unknown => JSON.parse(body.toString() || '{}');
