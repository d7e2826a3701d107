import { StringDecoder } from 'node:string_decoder';

/** CloudWatch Logs takes no longer events. */
const lineCharsMax = 256 * 1024;

/** Cuts a program's output into its lines. */
export class Lines {
  private readonly onLine: (line: string) => void;
  private readonly decoder = new StringDecoder('utf8');
  private rest = '';

  constructor(onLine: (line: string) => void) {
    this.onLine = onLine;
  }

  push(chunk: Buffer): void {
    const lines = (this.rest + this.decoder.write(chunk)).split('\n');
    this.rest = (lines.pop() ?? '').slice(0, lineCharsMax);
    for (const line of lines) this.onLine(line);
  }
}
