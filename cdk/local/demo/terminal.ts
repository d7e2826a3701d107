import type { ReadStream, WriteStream } from 'node:tty';

const csi = '\u001b['; // ECMA-48, control sequence introducer
const enter = `${csi}?1049h${csi}?25l`; // other screen, no cursor
const leave = `${csi}?25h${csi}?1049l`;
const home = `${csi}H`;
const clearLine = `${csi}K`;
const clearBelow = `${csi}J`;

/** A screen that is drawn over and over, and its keys. What was there before comes back. */
export class Terminal {
  readonly #input: ReadStream;
  readonly #output: WriteStream;
  /** Keys come one by one; without a keyboard there are none. */
  readonly hasKeys: boolean;
  #open = true;

  constructor(input: ReadStream, output: WriteStream, onKey: (key: string) => void) {
    this.#input = input;
    this.#output = output;
    this.hasKeys = input.isTTY === true;
    output.write(enter);
    process.once('exit', this.#restore);
    if (!this.hasKeys) return;
    input.setRawMode(true);
    input.setEncoding('utf8');
    input.on('data', (typed: string) => {
      for (const key of typed) onKey(key);
    });
    input.resume();
  }

  get columns(): number {
    return this.#output.columns;
  }

  draw(lines: readonly string[]): void {
    if (!this.#open) return;
    const shown = lines.slice(0, this.#output.rows - 1);
    const text = shown.map((line) => `${line}${clearLine}\n`).join('');
    this.#output.write(`${home}${text}${clearBelow}`);
  }

  close(): void {
    process.removeListener('exit', this.#restore);
    this.#restore();
    this.#input.pause();
  }

  readonly #restore = (): void => {
    if (!this.#open) return;
    this.#open = false;
    if (this.hasKeys) this.#input.setRawMode(false);
    this.#output.write(leave);
  };
}
