/** What went wrong, and what the operator can do about it. */
export class CliError extends Error {
  override readonly name = 'CliError';
  readonly remedy: string;

  constructor(cause: string, remedy: string) {
    super(cause);
    this.remedy = remedy;
  }
}
