import { hash32 } from './seeded.ts';

const keptMax = 40;

/** What happened: the last events for a report, and a hash over all, equal for equal seeds. */
export class Trace {
  readonly #nowMs: () => number;
  readonly #print: ((line: string) => void) | undefined;
  readonly #kept: string[] = [];
  #hash = 0x811c9dc5;
  #lines = 0;

  constructor(nowMs: () => number, print?: (line: string) => void) {
    this.#nowMs = nowMs;
    this.#print = print;
  }

  note(who: string, what: string): void {
    const line = `${(this.#nowMs() / 1_000).toFixed(3).padStart(9)} ${who.padEnd(11)} ${what}`;
    this.#hash = hash32(line, this.#hash);
    this.#lines += 1;
    this.#kept.push(line);
    if (this.#kept.length > 2 * keptMax) this.#kept.splice(0, keptMax);
    this.#print?.(line);
  }

  get last(): readonly string[] {
    return this.#kept.slice(-keptMax);
  }

  /** Lines and hash: two runs that agree here were the same run. */
  get digest(): string {
    return `${this.#lines}-${this.#hash.toString(16).padStart(8, '0')}`;
  }
}
