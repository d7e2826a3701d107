/** Crash on our own bug: a broken assumption must never be carried on with. */
export function assert(condition: unknown, message: string): asserts condition {
  if (!condition) throw new AssertionFailure(message);
}

/** Thrown by {@link assert} and {@link unreachable}; always a bug of ours, never a peer's fault. */
export class AssertionFailure extends Error {
  override readonly name = 'AssertionFailure';
}

/** The end of an exhaustive switch: compiles only while every case is handled. */
export function unreachable(value: never): never {
  throw new AssertionFailure(`unreachable: ${JSON.stringify(value)}`);
}
