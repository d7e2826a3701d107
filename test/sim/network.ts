import type { Seeded } from './seeded.ts';
import type { SimProcess } from './sim-process.ts';
import type { VirtualTime } from './virtual-time.ts';

/** What the network does to messages; rates are probabilities per message. */
export interface NetworkOptions {
  readonly latencyMs: number;
  readonly lossRate: number;
  readonly duplicateRate: number;
  /** The second copy comes up to this much later: by a function that took long to start. */
  readonly duplicateLateMs: number;
  /** Some messages take this much longer, up to: they are overtaken by later ones. */
  readonly slowRate: number;
  readonly slowMs: number;
}

/** Messages between named machines. */
export class Network {
  readonly #time: VirtualTime;
  readonly #random: Seeded;
  readonly #cuts = new Set<string>();
  readonly #mendedMs = new Map<string, number>();
  #options: NetworkOptions;
  #inFlight = 0;

  constructor(time: VirtualTime, random: Seeded, options: NetworkOptions) {
    this.#time = time;
    this.#random = random;
    this.#options = options;
  }

  get inFlight(): number {
    return this.#inFlight;
  }

  /** Ways that are cut now. */
  get cuts(): number {
    return this.#cuts.size;
  }

  /** From now on nothing gets from `from` to `to`. Both directions are two cuts. */
  cut(from: string, to: string): void {
    this.#cuts.add(`${from}>${to}`);
  }

  mend(from: string, to: string): void {
    if (this.#cuts.delete(`${from}>${to}`)) this.#mendedMs.set(`${from}>${to}`, this.#time.nowMs);
  }

  isCut(from: string, to: string): boolean {
    return this.#cuts.has(`${from}>${to}`);
  }

  /** Nothing gets from `from` to `to`, or nothing did a moment ago. */
  wasCut(from: string, to: string, agoMs: number): boolean {
    const mendedMs = this.#mendedMs.get(`${from}>${to}`) ?? Number.NEGATIVE_INFINITY;
    return this.isCut(from, to) || mendedMs + agoMs > this.#time.nowMs;
  }

  /** Every cable is in, nothing is lost, nothing is slow. */
  heal(): void {
    for (const cut of this.#cuts) this.#mendedMs.set(cut, this.#time.nowMs);
    this.#cuts.clear();
    this.#options = { ...this.#options, lossRate: 0, duplicateRate: 0, slowRate: 0 };
  }

  /** How long one message takes. */
  drawLatencyMs(): number {
    const { latencyMs, slowRate, slowMs } = this.#options;
    const usual = this.#random.between(latencyMs / 2, latencyMs * 1.5);
    const slow = this.#random.chance(slowRate);
    return usual + (slow ? this.#random.between(0, slowMs) : 0);
  }

  drawLost(): boolean {
    return this.#random.chance(this.#options.lossRate);
  }

  /** A datagram, so to speak: it may be lost, come twice, and be overtaken. */
  send(from: string, to: string, deliver: () => void): void {
    const copies = this.#random.chance(this.#options.duplicateRate) ? 2 : 1;
    for (let i = 0; i < copies; i++) {
      const lateMs = i === 0 ? 0 : this.#random.fraction() ** 2 * this.#options.duplicateLateMs;
      const latencyMs = this.drawLatencyMs() + lateMs;
      if (this.drawLost() || this.isCut(from, to)) continue;
      this.#inFlight += 1;
      this.#time.after(latencyMs, () => {
        this.#inFlight -= 1;
        if (!this.isCut(from, to)) deliver();
      });
    }
  }

  /**
   * A question and its answer; undefined when none came in time. What is asked may be carried out
   * all the same, or twice, or long after the asker gave up.
   */
  ask<A>(
    asker: SimProcess,
    from: string,
    to: string,
    deadlineMs: number,
    answer: () => Promise<A>,
  ): Promise<A | undefined> {
    return new Promise((resolve) => {
      const cancel = asker.timers.after(deadlineMs, () => resolve(undefined));
      this.send(from, to, () => {
        void answer().then((value) =>
          this.send(to, from, () =>
            asker.run(() => {
              cancel();
              resolve(value);
            }),
          ),
        );
      });
    });
  }
}
