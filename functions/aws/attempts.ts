import { assert } from '#shared/kernel/assert.ts';

/** Longest wait for one call of AWS, all its attempts included, milliseconds. */
export const callDeadlineMs = 5_000;
/** Attempts for one call, the first included. */
const attemptsMax = 3;
/**
 * Longest wait for the answer to one attempt. A connection may have died silently while its
 * function was frozen, and only a further attempt, on another connection, finds that out.
 */
const attemptDeadlineMs = 2_000;
const connectDeadlineMs = 1_000;

assert(2 * attemptDeadlineMs < callDeadlineMs, 'there is time for a second attempt');

/** How every client of the SDK here makes its calls. */
export const attempts = {
  maxAttempts: attemptsMax,
  requestHandler: {
    connectionTimeout: connectDeadlineMs,
    requestTimeout: attemptDeadlineMs,
    throwOnRequestTimeout: true, // it only warns otherwise
  },
} as const;
