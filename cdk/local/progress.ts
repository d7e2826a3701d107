/** What the person at the terminal is told, one plain line at a time, on standard error. */
export class Progress {
  private readonly write: (line: string) => void;
  private readonly monotonicMs: () => number;

  constructor(write: (line: string) => void, monotonicMs: () => number) {
    this.write = write;
    this.monotonicMs = monotonicMs;
  }

  /** Say what is being done, do it, say how long it took. */
  async step<T>(what: string, action: () => Promise<T>): Promise<T> {
    const startedMs = this.monotonicMs();
    this.write(`${what} ...`);
    const result = await action();
    this.write(`${what} ... done in ${seconds(this.monotonicMs() - startedMs)}`);
    return result;
  }

  note(line: string): void {
    this.write(line);
  }
}

function seconds(ms: number): string {
  return `${(ms / 1_000).toFixed(1)} s`;
}
