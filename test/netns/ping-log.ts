import { readFileSync } from 'node:fs';
import { eventually } from '#test/support/eventually.ts';
import type { Host } from './host.ts';

/** Between two pings; the resolution of every outage measured. */
const pingEverySeconds = '0.2';

interface Reply {
  /** When it came, Unix milliseconds. */
  readonly atMs: number;
  readonly sequence: number;
}

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

  /** Replies, oldest first. */
  replies(): Reply[] {
    const text = readFileSync(this.#host.logFile(this.#name), 'utf8');
    const replies = text.matchAll(/^\[(\d+\.\d+)\] \d+ bytes from .* icmp_seq=(\d+)/gm);
    return [...replies].map(([, seconds, sequence]) => ({
      atMs: Number(seconds) * 1000,
      sequence: Number(sequence),
    }));
  }

  /** When replies came, Unix milliseconds, oldest first. */
  repliesMs(): number[] {
    return this.replies().map(({ atMs }) => atMs);
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
    const { fromMs, toMs } = this.longestSilence(sinceMs);
    return toMs - fromMs;
  }

  /** From which reply to which the longest silence since `sinceMs` was. */
  longestSilence(sinceMs: number): { fromMs: number; toMs: number } {
    const replies = this.repliesMs().filter((atMs) => atMs >= sinceMs);
    const first = replies[0] ?? sinceMs;
    let longest = { fromMs: first, toMs: first };
    for (const [i, toMs] of replies.entries()) {
      const fromMs = replies[i - 1] ?? toMs;
      if (toMs - fromMs > longest.toMs - longest.fromMs) longest = { fromMs, toMs };
    }
    return longest;
  }

  /** Pings without a reply, between the first and the last that had one since `sinceMs`. */
  lostSince(sinceMs: number): number {
    const replies = this.replies().filter(({ atMs }) => atMs >= sinceMs);
    const answered = new Set(replies.map(({ sequence }) => sequence));
    if (answered.size === 0) return 0;
    const sent = Math.max(...answered) - Math.min(...answered) + 1;
    return sent - answered.size;
  }

  stop(): void {
    this.#stop();
  }
}
