import type { MetricName, MetricStore, Statistic } from '../metrics/metric-store.ts';

/** Keep a metric of the whole group at a value, by having more or fewer machines. */
export interface TrackingPolicy {
  readonly name: string;
  readonly metric: MetricName;
  readonly statistic: Statistic;
  readonly target: number;
  readonly disableScaleIn: boolean;
  /** A machine in service counts after this long. */
  readonly warmupMs: number;
}

/** The group as a policy sees it. */
export interface Standing {
  readonly desired: number;
  /** In service, and warmed up. */
  readonly warm: number;
  /** On their way there. */
  readonly warming: number;
  /** On their way out. */
  readonly leaving: number;
}

/** What a policy would have; `unsure`: it lacks figures. */
export type Wish =
  | { readonly kind: 'more' | 'fewer'; readonly desired: number; readonly policy: string }
  | { readonly kind: 'as-is' | 'unsure' };

/**
 * The two alarms EC2 Auto Scaling makes for such a policy: so many minutes beyond the target, or
 * below nine tenths of it. A minute or two without a figure are passed over, as alarms do.
 */
const high = { count: 3, range: 5 } as const;
const low = { count: 15, range: 17 } as const;
const lowPart = 0.9;

/**
 * What target tracking does, by the figures up to now. Out at once as far as the figures say, which
 * are those of the warmed-up machines, less those that are on their way already; in by one machine
 * at a time, while none comes or goes ("more gradually", as AWS puts it).
 */
export function wishOf(
  policy: TrackingPolicy,
  metrics: Pick<MetricStore, 'last'>,
  nowMs: number,
  { desired, leaving, warm, warming }: Standing,
): Wish {
  const { metric, name, statistic, target } = policy;
  const recent = metrics.last(metric, statistic, nowMs, high);
  if (recent?.every((value) => value > target)) {
    const wanted = Math.ceil((warm * (recent.at(-1) ?? 0)) / target);
    return wanted > desired ? { kind: 'more', desired: wanted, policy: name } : { kind: 'as-is' };
  }
  const long = metrics.last(metric, statistic, nowMs, low);
  if (long === undefined) return { kind: 'unsure' };
  if (policy.disableScaleIn || !long.every((value) => value < target * lowPart)) {
    return { kind: 'as-is' };
  }
  if (warming > 0 || leaving > 0) return { kind: 'as-is' };
  const wanted = Math.ceil((warm * Math.max(...long)) / target);
  if (wanted >= desired) return { kind: 'as-is' };
  return { kind: 'fewer', desired: Math.max(wanted, desired - 1), policy: name };
}

/**
 * What several policies want together: the most that any of them wants; fewer only if all agree
 * that may shrink the group.
 */
export function jointWish(
  wishes: readonly { readonly wish: Wish; readonly disableScaleIn: boolean }[],
): Wish {
  const kinds = wishes.map(({ wish }) => wish);
  const more = kinds.flatMap((wish) => (wish.kind === 'more' ? [wish] : []));
  const [first, ...others] = more;
  if (first !== undefined) {
    return others.reduce((most, wish) => (wish.desired > most.desired ? wish : most), first);
  }
  const shrinking = wishes.filter(({ disableScaleIn }) => !disableScaleIn);
  const fewer = shrinking.flatMap(({ wish }) => (wish.kind === 'fewer' ? [wish] : []));
  const [least, ...rest] = fewer;
  if (least === undefined || fewer.length < shrinking.length) return { kind: 'as-is' };
  return rest.reduce((most, wish) => (wish.desired > most.desired ? wish : most), least);
}
