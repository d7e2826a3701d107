import type { Outcome } from '#functions/store/table.ts';
import { WrappedTable, type Write } from '#test/support/wrapped-table.ts';

/** The process was gone after it had written. */
export class InvocationDied extends Error {
  override readonly name = 'InvocationDied';
}

/** A table whose writes can be followed by the end of the invocation, or done twice by a client. */
export class FaultyTable extends WrappedTable {
  /** The invocation dies after a write for which this holds. */
  diesAfter: (write: Write) => boolean = () => false;
  /** A write that succeeded is sent again, as an SDK does that missed the answer. */
  repeats: (write: Write) => boolean = () => false;
  /** Runs before each write: somebody else is faster. */
  before: (write: Write) => Promise<void> = async () => undefined;

  protected override async write(write: Write, call: () => Promise<Outcome>): Promise<Outcome> {
    await this.before(write);
    const outcome = await call();
    if (this.diesAfter(write)) throw new InvocationDied(`${write.operation} ${write.key.pk}`);
    return this.repeats(write) ? call() : outcome;
  }
}
