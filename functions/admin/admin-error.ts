import type { ErrorCode } from '#shared/wire/error-code.ts';

/** An administrator asked for what cannot be done: answered with SoftEther's number, and logged. */
export class AdminError extends Error {
  override readonly name = 'AdminError';
  readonly code: ErrorCode;
  /** For our log, stable and without what the caller sent. */
  readonly reason: string;

  constructor(code: ErrorCode, reason: string) {
    super(`${code}: ${reason}`);
    this.code = code;
    this.reason = reason;
  }
}
