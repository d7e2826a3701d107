import type { Cancel, Clock, Timers } from '#shared/kernel/clock.ts';
import type { MetricStore } from '../metrics/metric-store.ts';
import type { ScheduledAction, Sizes } from './policies.ts';
import { jointWish, type Standing, type TrackingPolicy, wishOf } from './target-tracking.ts';

/** The group, as far as it is scaled. */
export interface ScaledGroup {
  standing(warmupMs: number): Standing;
  /** Within its bounds. */
  scaleTo(desired: number, cause: string): void;
  /** What is undefined stays as it is. Why it cannot be. */
  reschedule(sizes: Sizes, cause: string): string | undefined;
}

export interface ScalerOptions {
  readonly policies: readonly TrackingPolicy[];
  readonly actions: readonly ScheduledAction[];
  readonly metrics: MetricStore;
  readonly group: ScaledGroup;
  /** Policies keep at least so many: what somebody has asked for on the command line. */
  readonly kept: number;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly onTrouble: (message: string) => void;
}

const minuteMs = 60_000;

/** Once a minute: the scheduled actions that are due, then what the policies want. */
export class Scaler {
  private readonly options: ScalerOptions;
  private cancel: Cancel = () => undefined;
  private lastMinute = 0;

  constructor(options: ScalerOptions) {
    this.options = options;
  }

  start(): void {
    const { clock, timers } = this.options;
    const nowMs = clock.nowMs();
    // A timer may be early; no minute comes twice.
    const minute = Math.max(Math.floor(nowMs / minuteMs) + 1, this.lastMinute + 1);
    this.cancel = timers.after(minute * minuteMs - nowMs, () => {
      this.lastMinute = minute;
      this.look(minute * minuteMs);
      this.start();
    });
  }

  stop(): void {
    this.cancel();
  }

  private look(nowMs: number): void {
    const { actions, group, onTrouble } = this.options;
    for (const { cron, name, sizes } of actions) {
      if (!cron.matches(nowMs)) continue;
      const problem = group.reschedule(sizes, `the schedule ${name}`);
      if (problem !== undefined) onTrouble(`${name}: ${problem}`);
    }
    this.track(nowMs);
  }

  private track(nowMs: number): void {
    const { group, kept, metrics, policies } = this.options;
    const wish = jointWish(
      policies.map((policy) => {
        const standing = group.standing(policy.warmupMs);
        const { disableScaleIn } = policy;
        return { wish: wishOf(policy, metrics, nowMs, standing), disableScaleIn };
      }),
    );
    if (wish.kind !== 'more' && wish.kind !== 'fewer') return;
    if (wish.kind === 'fewer' && wish.desired < kept) return;
    group.scaleTo(wish.desired, `the policy ${wish.policy}`);
  }
}
