import { SendMessageCommand, type SQSClient } from '@aws-sdk/client-sqs';
import type { DelayQueue } from '#functions/store/delay-queue.ts';
import { callDeadlineMs } from './attempts.ts';

/** {@link DelayQueue} over SQS, whose longest delay is 15 minutes. */
export class SqsDelayQueue implements DelayQueue {
  readonly #client: SQSClient;
  readonly #url: string;

  constructor(client: SQSClient, url: string) {
    this.#client = client;
    this.#url = url;
  }

  async send(body: string, delaySeconds: number): Promise<void> {
    await this.#client.send(
      new SendMessageCommand({
        QueueUrl: this.#url,
        MessageBody: body,
        DelaySeconds: Math.min(Math.max(0, Math.ceil(delaySeconds)), 900),
      }),
      { abortSignal: AbortSignal.timeout(callDeadlineMs) },
    );
  }
}
