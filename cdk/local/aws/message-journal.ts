import { closeSync, existsSync, openSync, readFileSync, renameSync, writeSync } from 'node:fs';
import { z } from 'zod';
import { StartError } from '../start-error.ts';

/** A message as it must be put back by the next run. */
export interface KeptMessage {
  readonly queue: string;
  readonly body: string;
  /** Nobody gets it before; Unix milliseconds. */
  readonly dueMs: number;
}

const lineSchema = z.union([
  z.object({ id: z.string(), queue: z.string(), body: z.string(), dueMs: z.number() }),
  z.object({ deleted: z.string() }),
]);

/** The file is written anew when it holds so many lines more than there are messages. */
const deadLinesMax = 20_000;

/**
 * What the queues hold, in a file that is true after every line: killing this process loses no
 * message. A message under way when that happens comes again, as on AWS.
 */
export class MessageJournal {
  private readonly path: string;
  private readonly messages = new Map<string, KeptMessage>();
  /** Deletions may be written before the message: both answers are on their way at a time. */
  private readonly deletedEarly = new Set<string>();
  private descriptor: number | undefined;
  private lines = 0;

  private constructor(path: string) {
    this.path = path;
  }

  /**
   * Read what an earlier run left; {@link begin} starts this run's own file. Only the last line of
   * a process that was killed may be cut off.
   *
   * @throws {StartError} on any other line that is not understood.
   */
  static read(path: string): { journal: MessageJournal; left: readonly KeptMessage[] } {
    const left = new Map<string, KeptMessage>();
    const deleted = new Set<string>();
    const lines = existsSync(path) ? readFileSync(path, 'utf8').split('\n') : [];
    for (const [index, line] of lines.entries()) {
      const parsed = lineSchema.safeParse(parsedLine(line));
      if (!parsed.success) {
        if (index === lines.length - 1) break;
        throw new StartError(
          `${path}:${index + 1} is not as this version writes it: start with the version that ` +
            'wrote it, or with another --data DIR',
        );
      }
      if ('deleted' in parsed.data) deleted.add(parsed.data.deleted);
      else left.set(parsed.data.id, parsed.data);
    }
    const kept = [...left].filter(([id]) => !deleted.has(id)).map(([, message]) => message);
    return { journal: new MessageJournal(path), left: kept };
  }

  sent(id: string, message: KeptMessage): void {
    if (this.deletedEarly.delete(id)) return;
    this.messages.set(id, message);
    this.write({ id, ...message });
  }

  deleted(id: string): void {
    if (!this.messages.delete(id)) this.deletedEarly.add(id);
    this.write({ deleted: id });
    if (this.lines > deadLinesMax + this.messages.size) this.begin();
  }

  /** All of a queue's messages are deleted. */
  purged(queue: string): void {
    const ids = [...this.messages].filter(([, message]) => message.queue === queue);
    for (const [id] of ids) this.deleted(id);
  }

  /** Replace the file by what is there now: all at once, so that neither is ever lost. */
  begin(): void {
    const fresh = `${this.path}.tmp`;
    const descriptor = openSync(fresh, 'w', 0o600);
    const old = this.descriptor;
    this.descriptor = descriptor;
    this.lines = 0;
    for (const [id, message] of this.messages) this.write({ id, ...message });
    renameSync(fresh, this.path);
    if (old !== undefined) closeSync(old);
  }

  close(): void {
    if (this.descriptor !== undefined) closeSync(this.descriptor);
    this.descriptor = undefined;
  }

  private write(line: unknown): void {
    if (this.descriptor === undefined) return;
    writeSync(this.descriptor, `${JSON.stringify(line)}\n`);
    this.lines += 1;
  }
}

function parsedLine(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}
