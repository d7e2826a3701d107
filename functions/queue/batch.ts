import * as z from 'zod';
import type { Log } from '#shared/kernel/log.ts';

/** What SQS sends a function, as far as it is looked at. */
const eventSchema = z.object({
  Records: z.array(z.object({ messageId: z.string(), body: z.string() })),
});

/** What a body brings about is told to the log, and a body may be long. */
const errorCharsMax = 4_000;

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
    for (const [index, outcome] of outcomes.entries()) {
      if (outcome.status === 'fulfilled') continue;
      const facts = { messageId: Records[index]?.messageId, ...failureOf(outcome.reason) };
      log.error('message.failed', facts);
    }
    return { batchItemFailures: failed.map(({ messageId }) => ({ itemIdentifier: messageId })) };
  };
}

/** `ZodError` and `SyntaxError`: a body that nobody of ours wrote. */
function failureOf(reason: unknown): { readonly reason: string; readonly error: string } {
  const isError = reason instanceof Error;
  const error = isError ? (reason.stack ?? reason.message) : String(reason);
  return { reason: isError ? reason.name : typeof reason, error: error.slice(0, errorCharsMax) };
}
