import { closeSync, openSync, renameSync, writeSync } from 'node:fs';

/** One file holds this much; then it becomes `<name>.1` and a new one begins. */
const logBytesMax = 16 * 1024 * 1024;

/** A program's output in a file of bounded size. */
export class LogFile {
  readonly path: string;
  private descriptor: number | undefined;
  private size = 0;

  constructor(path: string) {
    this.path = path;
    this.descriptor = openSync(path, 'w');
  }

  /** Write; after {@link close} nothing happens, as late output of a killed process may come. */
  append(chunk: Buffer | string): void {
    if (this.descriptor === undefined) return;
    if (this.size > logBytesMax) {
      closeSync(this.descriptor);
      renameSync(this.path, `${this.path}.1`);
      this.descriptor = openSync(this.path, 'w');
      this.size = 0;
    }
    this.size += writeSync(this.descriptor, typeof chunk === 'string' ? Buffer.from(chunk) : chunk);
  }

  close(): void {
    if (this.descriptor !== undefined) closeSync(this.descriptor);
    this.descriptor = undefined;
  }
}
