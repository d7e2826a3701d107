/** What a metric goes by. */
export interface MetricName {
  readonly namespace: string;
  readonly name: string;
  readonly dimensions: Readonly<Record<string, string>>;
}

export interface Datapoint {
  readonly metric: MetricName;
  readonly value: number;
  /** Unix milliseconds. */
  readonly atMs: number;
}

export const statistics = ['Average', 'Minimum', 'Maximum', 'Sum', 'SampleCount'] as const;
export type Statistic = (typeof statistics)[number];

/** Of one metric in one minute. */
interface Minute {
  count: number;
  sum: number;
  least: number;
  most: number;
}

/** Longer than anybody here looks back. */
const minutesKept = 60;
/** Metrics beyond these are not taken. */
const metricsMax = 1_000;
const minuteMs = 60_000;

/** CloudWatch's metrics, as far as a group is scaled by them: an hour of them, by the minute. */
export class MetricStore {
  /** By metric, by minute since 1970. */
  private readonly metrics = new Map<string, Map<number, Minute>>();

  put({ metric, value, atMs }: Datapoint): void {
    const key = keyOf(metric);
    const minutes = this.metrics.get(key) ?? new Map<number, Minute>();
    if (!this.metrics.has(key)) {
      if (this.metrics.size >= metricsMax) return;
      this.metrics.set(key, minutes);
    }
    const number = Math.floor(atMs / minuteMs);
    const { count, sum, least, most } = minutes.get(number) ?? nothing;
    minutes.set(number, {
      count: count + 1,
      sum: sum + value,
      least: Math.min(least, value),
      most: Math.max(most, value),
    });
    for (const old of minutes.keys()) {
      if (old <= number - minutesKept) minutes.delete(old);
    }
  }

  /**
   * The last `count` minutes that have a figure among the `range` complete ones before `nowMs`,
   * the latest last; undefined if there are fewer.
   */
  last(
    metric: MetricName,
    statistic: Statistic,
    nowMs: number,
    { count, range }: { readonly count: number; readonly range: number },
  ): readonly number[] | undefined {
    const minutes = this.metrics.get(keyOf(metric));
    const end = Math.floor(nowMs / minuteMs);
    const found: number[] = [];
    for (let minute = end - range; minute < end; minute += 1) {
      const figures = minutes?.get(minute);
      if (figures !== undefined) found.push(figureOf(figures, statistic));
    }
    return found.length < count ? undefined : found.slice(-count);
  }
}

const nothing: Minute = {
  count: 0,
  sum: 0,
  least: Number.POSITIVE_INFINITY,
  most: Number.NEGATIVE_INFINITY,
};

function figureOf({ count, sum, least, most }: Minute, statistic: Statistic): number {
  switch (statistic) {
    case 'Average':
      return sum / count;
    case 'Minimum':
      return least;
    case 'Maximum':
      return most;
    case 'Sum':
      return sum;
    case 'SampleCount':
      return count;
  }
}

function keyOf({ namespace, name, dimensions }: MetricName): string {
  return JSON.stringify([namespace, name, Object.entries(dimensions).sort()]);
}
