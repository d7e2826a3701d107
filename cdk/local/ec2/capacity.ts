import type { Clock } from '#shared/kernel/clock.ts';
import type { Sizes } from '../scaling/policies.ts';
import type { SimplePolicy } from './group-terms.ts';

export interface Bounds {
  readonly minSize: number;
  readonly maxSize: number;
}

export interface CapacityOptions extends Bounds {
  /** At first. */
  readonly desired: number;
  readonly simplePolicies: readonly SimplePolicy[];
  readonly clock: Clock;
  /** Another number is desired now. */
  readonly onChange: (desired: number, cause: string) => void;
}

/** How many machines the group is to have, and who may change that. */
export class Capacity {
  private readonly options: CapacityOptions;
  private limits: Bounds;
  private count: number;
  private cooldownEndsMs = Number.NEGATIVE_INFINITY;

  constructor(options: CapacityOptions) {
    this.options = options;
    this.limits = { minSize: options.minSize, maxSize: options.maxSize };
    this.count = options.desired;
  }

  get desired(): number {
    return this.count;
  }

  get bounds(): Bounds {
    return this.limits;
  }

  /** Why it cannot be. */
  set(desired: number, cause = 'an operator'): string | undefined {
    const { minSize, maxSize } = this.limits;
    if (desired < minSize || desired > maxSize) {
      return `New SetDesiredCapacity value ${desired} is not between ${minSize} and ${maxSize}.`;
    }
    this.change(desired, cause);
    return undefined;
  }

  /** Other bounds, and the nearest number within them to what is asked for, or to what there is. */
  rebound(sizes: Sizes, cause: string): string | undefined {
    const { minSize = this.limits.minSize, maxSize = this.limits.maxSize, desired } = sizes;
    if (minSize > maxSize) return `MinSize ${minSize} is more than MaxSize ${maxSize}`;
    this.limits = { minSize, maxSize };
    this.change(this.within(desired ?? this.count), cause);
    return undefined;
  }

  /** As near as the bounds let it come. */
  scaleTo(desired: number, cause: string): void {
    this.change(this.within(desired), cause);
  }

  /** One less, its machine being on its way already. */
  decrement(): void {
    this.count -= 1;
  }

  execute(name: string, honorCooldown: boolean): 'done' | 'cooling' | 'unknown' {
    const { clock, simplePolicies } = this.options;
    const policy = simplePolicies.find((one) => one.name === name);
    if (policy === undefined) return 'unknown';
    const nowMs = clock.monotonicMs();
    if (honorCooldown && nowMs < this.cooldownEndsMs) return 'cooling';
    this.cooldownEndsMs = nowMs + policy.cooldownMs;
    this.scaleTo(this.count + policy.adjustment, `the policy ${name}`);
    return 'done';
  }

  private within(desired: number): number {
    const { minSize, maxSize } = this.limits;
    return Math.min(maxSize, Math.max(minSize, desired));
  }

  private change(desired: number, cause: string): void {
    if (desired === this.count) return;
    this.count = desired;
    this.options.onChange(desired, cause);
  }
}
