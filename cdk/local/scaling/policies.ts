import { z } from 'zod';
import { statistics } from '../metrics/metric-store.ts';
import type { Stack } from '../template/stack.ts';
import { Cron } from './cron.ts';
import type { TrackingPolicy } from './target-tracking.ts';

/** Other bounds for the group at set times. */
export interface ScheduledAction {
  readonly name: string;
  readonly cron: Cron;
  readonly sizes: Sizes;
}

export interface Sizes {
  readonly minSize: number | undefined;
  readonly maxSize: number | undefined;
  readonly desired: number | undefined;
}

const trackingType = 'TargetTrackingScaling';
const trackingSchema = z.object({
  PolicyType: z.literal(trackingType),
  EstimatedInstanceWarmup: z.number().optional(),
  TargetTrackingConfiguration: z.object({
    TargetValue: z.number(),
    DisableScaleIn: z.boolean().default(false),
    CustomizedMetricSpecification: z
      .object({
        Namespace: z.string(),
        MetricName: z.string(),
        Dimensions: z.array(z.object({ Name: z.string(), Value: z.string() })).default([]),
        Statistic: z.enum(statistics),
      })
      .optional(),
  }),
});

/**
 * The template's target tracking policies by metrics of its own. Those by the machines' processor
 * and network are not simulated: machines here share one, and more of them would not relieve it.
 * Such a guard never wants more, and agrees to fewer as far as {@link keptByGuards} goes.
 */
export function trackingPolicies(stack: Stack, groupWarmupMs: number): TrackingPolicy[] {
  return trackingOf(stack).flatMap(({ attribute, policy }) => {
    const { CustomizedMetricSpecification: metric, ...tracking } =
      policy.TargetTrackingConfiguration;
    if (metric === undefined) return [];
    const { EstimatedInstanceWarmup: warmupSeconds } = policy;
    return {
      name: attribute('PolicyName'),
      metric: {
        namespace: metric.Namespace,
        name: metric.MetricName,
        dimensions: Object.fromEntries(metric.Dimensions.map((one) => [one.Name, one.Value])),
      },
      statistic: metric.Statistic,
      target: tracking.TargetValue,
      disableScaleIn: tracking.DisableScaleIn,
      warmupMs: warmupSeconds === undefined ? groupWarmupMs : warmupSeconds * 1_000,
    };
  });
}

/**
 * The fewest machines the guards agree to. Auto Scaling rounds up what a policy's figure calls for
 * and follows the policy that wants the most machines; no processor is quite idle, so that one with
 * a say in scaling in keeps the last machine.
 */
export function keptByGuards(stack: Stack): 0 | 1 {
  const guards = trackingOf(stack)
    .map(({ policy }) => policy.TargetTrackingConfiguration)
    .filter((tracking) => tracking.CustomizedMetricSpecification === undefined);
  return guards.every((guard) => guard.DisableScaleIn) ? 0 : 1;
}

function trackingOf(stack: Stack) {
  return stack
    .ofType('AWS::AutoScaling::ScalingPolicy')
    .filter(({ properties }) => properties['PolicyType'] === trackingType)
    .map(({ attribute, properties }) => ({ attribute, policy: trackingSchema.parse(properties) }));
}

const size = z.coerce.number().int().nonnegative().optional();
const actionSchema = z.object({
  Recurrence: z.string(),
  TimeZone: z.string().optional(),
  MinSize: size,
  MaxSize: size,
  DesiredCapacity: size,
});

export function scheduledActions(stack: Stack): ScheduledAction[] {
  return stack.ofType('AWS::AutoScaling::ScheduledAction').map(({ logicalId, properties }) => {
    const action = actionSchema.parse(properties);
    return {
      name: logicalId,
      cron: new Cron(action.Recurrence, action.TimeZone),
      sizes: {
        minSize: action.MinSize,
        maxSize: action.MaxSize,
        desired: action.DesiredCapacity,
      },
    };
  });
}
