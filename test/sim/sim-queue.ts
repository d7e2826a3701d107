import type { DelayQueue } from '#functions/store/delay-queue.ts';
import type { Seeded } from './seeded.ts';
import type { VirtualTime } from './virtual-time.ts';

export interface QueueFaults {
  readonly duplicateRate: number;
  readonly lateRate: number;
  readonly lateMs: number;
}

/** As the stack sets it: a message that failed is given again after this long, this often. */
const visibilityMs = 30_000;
const receivesMax = 5;
const delaySecondsMax = 900;

/** SQS with delays: every message at least once, sometimes late, sometimes twice. */
export class SimQueue {
  readonly #time: VirtualTime;
  readonly #random: Seeded;
  readonly #consume: (body: string) => Promise<boolean>;
  faults: QueueFaults;
  #waiting = 0;
  #dead = 0;

  /** @param consume tells whether the message was dealt with. */
  constructor(
    time: VirtualTime,
    random: Seeded,
    faults: QueueFaults,
    consume: (body: string) => Promise<boolean>,
  ) {
    this.#time = time;
    this.#random = random;
    this.faults = faults;
    this.#consume = consume;
  }

  get waiting(): number {
    return this.#waiting;
  }

  /** Messages in the dead-letter queue. */
  get dead(): number {
    return this.#dead;
  }

  /** The queue as one caller sees it. */
  port(beforeAndAfter: () => Promise<void>): DelayQueue {
    return {
      send: async (body, delaySeconds) => {
        await beforeAndAfter();
        this.send(body, delaySeconds);
        await beforeAndAfter();
      },
    };
  }

  send(body: string, delaySeconds: number): void {
    const copies = this.#random.chance(this.faults.duplicateRate) ? 2 : 1;
    const delayMs = Math.min(Math.ceil(delaySeconds), delaySecondsMax) * 1_000;
    for (let i = 0; i < copies; i++) this.#deliver(body, delayMs, 1);
  }

  #deliver(body: string, delayMs: number, receives: number): void {
    const late = this.#random.chance(this.faults.lateRate);
    const lateMs = late ? this.#random.between(0, this.faults.lateMs) : 0;
    this.#waiting += 1;
    this.#time.after(delayMs + lateMs + this.#random.between(5, 50), () => {
      this.#waiting -= 1;
      void this.#consume(body).then((done) => {
        if (done) return;
        if (receives < receivesMax) this.#deliver(body, visibilityMs, receives + 1);
        else this.#dead += 1;
      });
    });
  }
}
