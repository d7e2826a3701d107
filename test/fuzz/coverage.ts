import { type Profiler, Session } from 'node:inspector';

/**
 * Which parts of some source files a piece of code runs through, as the engine counts them. One at
 * a time in a process.
 */
export class Coverage {
  readonly #session = new Session();
  readonly #files: RegExp;
  /** By file, 1 for each character that ever ran. */
  readonly #ran = new Map<string, Uint8Array>();
  #reached = 0;

  constructor(files: RegExp) {
    this.#files = files;
    this.#session.connect();
    this.#session.post('Profiler.enable');
    this.#session.post('Profiler.startPreciseCoverage', { callCount: true, detailed: true });
  }

  /** Characters of source ever reached. */
  get reached(): number {
    return this.#reached;
  }

  /** Whether what ran since the last question reached something for the first time. */
  reachedNew(): boolean {
    const before = this.#reached;
    for (const { url, functions } of this.#take()) {
      if (!this.#files.test(url)) continue;
      for (const { ranges } of functions) this.#note(url, ranges);
    }
    return this.#reached > before;
  }

  close(): void {
    this.#session.post('Profiler.stopPreciseCoverage');
    this.#session.disconnect();
  }

  /** Ranges of one function: the first is all of it, later ones correct what is within them. */
  #note(url: string, ranges: readonly Profiler.CoverageRange[]): void {
    const [whole] = ranges;
    if (whole === undefined || whole.count === 0) return;
    const { startOffset, endOffset } = whole;
    const runs = new Uint8Array(endOffset - startOffset);
    for (const range of ranges) {
      const isRun = range.count > 0 ? 1 : 0;
      runs.fill(isRun, range.startOffset - startOffset, range.endOffset - startOffset);
    }
    const ran = this.#ranOf(url, endOffset);
    for (let i = 0; i < runs.length; i++) {
      if (runs[i] === 0 || ran[startOffset + i] === 1) continue;
      ran[startOffset + i] = 1;
      this.#reached += 1;
    }
  }

  #ranOf(url: string, length: number): Uint8Array {
    const known = this.#ran.get(url);
    if (known !== undefined && known.length >= length) return known;
    const ran = new Uint8Array(2 * length);
    if (known !== undefined) ran.set(known);
    this.#ran.set(url, ran);
    return ran;
  }

  #take(): readonly Profiler.ScriptCoverage[] {
    let result: readonly Profiler.ScriptCoverage[] = [];
    // A session with its own thread answers before post() returns.
    this.#session.post('Profiler.takePreciseCoverage', (error, answer) => {
      if (error !== null) throw error;
      result = answer.result;
    });
    return result;
  }
}
