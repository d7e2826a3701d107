import type { DelayQueue } from '#functions/store/delay-queue.ts';
import type { Cancel, Clock, Timers } from '#shared/kernel/clock.ts';
import type { Fields, Log } from '#shared/kernel/log.ts';
import type { Random } from '#shared/kernel/random.ts';

/** Time that moves when it is told to. */
export class ManualClock implements Clock {
  #nowMs = Date.UTC(2026, 10, 22);

  nowMs(): number {
    return this.#nowMs;
  }
  monotonicMs(): number {
    return this.#nowMs;
  }
  advance(byMs: number): void {
    this.#nowMs += byMs;
  }
}

/** Whoever waits goes on at once; the clock has moved meanwhile. */
export class PromptTimers implements Timers {
  /** What others do while somebody waits. */
  meanwhile: () => Promise<void> = async () => undefined;
  readonly #advance: (byMs: number) => void;

  constructor(advance: (byMs: number) => void) {
    this.#advance = advance;
  }

  after(delayMs: number, action: () => void): Cancel {
    this.#advance(delayMs);
    void this.meanwhile().then(action);
    return () => undefined;
  }
}

/** The same draws for the same seed (mulberry32). */
export function seededRandom(seed: number): Random {
  let state = seed;
  const fraction = (): number => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  return {
    fraction,
    bytes: (size) => Buffer.from(Array.from({ length: size }, () => Math.floor(fraction() * 256))),
  };
}

export class EventLog implements Log {
  readonly entries: { readonly event: string; readonly fields: Fields }[] = [];

  info(event: string, fields: Fields = {}): void {
    this.entries.push({ event, fields });
  }
  warn(event: string, fields: Fields = {}): void {
    this.entries.push({ event, fields });
  }
  error(event: string, fields: Fields = {}): void {
    this.entries.push({ event, fields });
  }
  of(event: string): Fields[] {
    return this.entries.filter((entry) => entry.event === event).map(({ fields }) => fields);
  }
}

/** Delivers when the test says so. */
export class ManualQueue implements DelayQueue {
  sent: { readonly body: string; readonly delaySeconds: number }[] = [];

  async send(body: string, delaySeconds: number): Promise<void> {
    this.sent.push({ body, delaySeconds });
  }
  /** Everything sent so far, once. */
  take(): { readonly body: string; readonly delaySeconds: number }[] {
    const taken = this.sent;
    this.sent = [];
    return taken;
  }
}
