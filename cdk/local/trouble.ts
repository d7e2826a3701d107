import { LogFile } from './log-file.ts';

const distinctMax = 200;

/**
 * What went wrong inside the stand-ins: all of it into a file, and each distinct message once to
 * the person at the terminal, for whom a missing grant or a crashed function is news.
 */
export class Trouble {
  private readonly log: LogFile;
  private readonly tell: (line: string) => void;
  private readonly told = new Set<string>();

  constructor(path: string, tell: (line: string) => void) {
    this.log = new LogFile(path);
    this.tell = tell;
  }

  report(where: string, message: string): void {
    const line = `${where}: ${message}`;
    this.log.append(`${new Date().toISOString()} ${line}\n`);
    if (this.told.has(line) || this.told.size >= distinctMax) return;
    this.told.add(line);
    this.tell(line);
  }

  /** What went wrong first: the likeliest cause of all else. */
  get first(): string | undefined {
    return [...this.told][0];
  }

  close(): void {
    this.log.close();
  }
}
