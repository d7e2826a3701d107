import { Duration, Stack } from 'aws-cdk-lib';
import { Metric } from 'aws-cdk-lib/aws-cloudwatch';
import type { Construct } from 'constructs';
import { fleetMetrics } from '#functions/env.ts';

/** One of the sweeper's figures about the fleet of a stack. */
export function fleetMetric(scope: Construct, metricName: string, statistic: string): Metric {
  return new Metric({
    namespace: fleetMetrics.namespace,
    metricName,
    dimensionsMap: { [fleetMetrics.dimension]: Stack.of(scope).stackName },
    period: Duration.minutes(1),
    statistic,
  });
}
