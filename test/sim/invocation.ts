import type { Clock } from '#shared/kernel/clock.ts';
import type { Seeded } from './seeded.ts';

/** What an invocation was asked, so that its writes can be judged. */
export type Purpose =
  | { readonly kind: 'login' | 'watch' | 'lifecycle' | 'sweep' | 'setup' | 'operator' }
  | { readonly kind: 'join'; readonly member: string }
  | {
      readonly kind: 'heartbeat';
      readonly member: string;
      readonly epoch: number;
      readonly seq: number;
    }
  | { readonly kind: 'redeem'; readonly member: string; readonly epoch: number };

/**
 * One run of a Lambda function. It may end between any two of its calls: from then on nothing of it
 * happens, and whoever asked is told that it failed.
 */
export class Invocation {
  readonly id: number;
  readonly purpose: Purpose;
  readonly clock: Clock;
  readonly random: Seeded;
  readonly #onCrash: () => void;
  /** Steps until it dies; infinite for those that live. */
  #stepsLeft: number;
  #crashed = false;

  constructor(
    id: number,
    purpose: Purpose,
    clock: Clock,
    random: Seeded,
    stepsLeft: number,
    onCrash: () => void,
  ) {
    this.id = id;
    this.purpose = purpose;
    this.clock = clock;
    this.random = random;
    this.#stepsLeft = stepsLeft;
    this.#onCrash = onCrash;
  }

  /** Goes on at once, or never. */
  survive(): Promise<void> {
    this.#stepsLeft -= 1;
    if (this.#stepsLeft >= 0 && !this.#crashed) return Promise.resolve();
    this.crash();
    return new Promise(() => undefined);
  }

  crash(): void {
    if (this.#crashed) return;
    this.#crashed = true;
    this.#onCrash();
  }
}
