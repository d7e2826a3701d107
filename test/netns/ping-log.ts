import { readFileSync } from 'node:fs';
import { eventually } from '#test/support/eventually.ts';
import type { Host } from './host.ts';

/** Between two pings; the resolution of every outage measured. */
const pingEverySeconds = '0.2';

/** Pings without pause and remembers when each reply came. */
export class PingLog {
  readonly #host: Host;
  readonly #name: string;
  readonly #address: string;
  readonly #stop: () => void;

  constructor(host: Host, device: string, address: string) {
    this.#host = host;
    this.#address = address;
    this.#name = `ping-${address}-${Date.now()}`;
    const pace = ['-i', pingEverySeconds, '-W', '1'];
    const argv = ['ping', '-n', '-D', ...pace, '-I', device, address];
    const child = host.spawn(this.#name, ['stdbuf', '-oL', ...argv]);
    this.#stop = () => child.kill('SIGINT');
  }

  /** When replies came, Unix milliseconds, oldest first. */
  repliesMs(): number[] {
    const text = readFileSync(this.#host.logFile(this.#name), 'utf8');
    const replies = text.matchAll(/^\[(\d+\.\d+)\] \d+ bytes from /gm);
    return [...replies].map(([, seconds]) => Number(seconds) * 1000);
  }

  /** Wait for replies that came after `sinceMs`; the time of the first. */
  async repliesAfter(sinceMs: number, limitMs: number): Promise<number> {
    await eventually(() => {
      if (this.repliesMs().some((atMs) => atMs > sinceMs)) return undefined;
      return `${this.#host.name} got no reply from ${this.#address}`;
    }, limitMs);
    return this.repliesMs().find((atMs) => atMs > sinceMs) as number;
  }

  /** The longest silence between two replies since `sinceMs`, in milliseconds. */
  longestSilenceMs(sinceMs: number): number {
    const replies = this.repliesMs().filter((atMs) => atMs >= sinceMs);
    const gaps = replies.slice(1).map((atMs, i) => atMs - (replies[i] ?? atMs));
    return Math.max(0, ...gaps);
  }

  stop(): void {
    this.#stop();
  }
}
