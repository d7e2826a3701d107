import * as z from 'zod';
import type { Log } from '#shared/kernel/log.ts';

/** What SQS sends a function, as far as it is looked at. */
const eventSchema = z.object({
  Records: z.array(z.object({ messageId: z.string(), body: z.string() })),
});

export interface BatchResult {
  readonly batchItemFailures: readonly { readonly itemIdentifier: string }[];
}

/**
 * Handle each message of a batch. Those that failed come again, and only those; a message that
 * keeps failing ends in the dead-letter queue, which rings.
 */
export function onBatch(
  log: Log,
  handle: (body: string) => Promise<void>,
): (event: unknown) => Promise<BatchResult> {
  return async (event) => {
    const { Records } = eventSchema.parse(event);
    const outcomes = await Promise.allSettled(Records.map(async ({ body }) => handle(body)));
    const failed = Records.filter((_, index) => outcomes[index]?.status === 'rejected');
    for (const outcome of outcomes) {
      if (outcome.status === 'rejected') {
        log.error('message.failed', { error: String(outcome.reason) });
      }
    }
    return { batchItemFailures: failed.map(({ messageId }) => ({ itemIdentifier: messageId })) };
  };
}
