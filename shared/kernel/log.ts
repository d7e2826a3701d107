/** One event: a stable dotted name and its facts. Never secrets, tickets or credentials. */
export type Fields = Readonly<Record<string, unknown>>;

/** Structured log, passed in. `event` is `noun.verb`, e.g. `login.rejected`. */
export interface Log {
  info(event: string, fields?: Fields): void;
  warn(event: string, fields?: Fields): void;
  error(event: string, fields?: Fields): void;
}

/** A log that says nothing, for tests and tools that print their own output. */
export const silentLog: Log = {
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
};
