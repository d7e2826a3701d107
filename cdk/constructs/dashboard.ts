import { Duration } from 'aws-cdk-lib';
import {
  Dashboard,
  GraphWidget,
  type IMetric,
  type IWidget,
  Metric,
  PeriodOverride,
  TextWidget,
} from 'aws-cdk-lib/aws-cloudwatch';
import {
  type ApplicationLoadBalancer,
  HttpCodeElb,
  HttpCodeTarget,
} from 'aws-cdk-lib/aws-elasticloadbalancingv2';
import { Construct } from 'constructs';
import { fleetMetrics } from '#functions/env.ts';
import { fleetMetric } from './fleet-metric.ts';
import type { Members } from './members.ts';
import type { NodeFunction } from './node-function.ts';
import type { StateTable } from './state-table.ts';

export interface FleetDashboardProps {
  readonly table: StateTable;
  readonly members: Members;
  readonly loadBalancer: ApplicationLoadBalancer;
  readonly functions: readonly { readonly lambda: NodeFunction }[];
}

const period = Duration.minutes(1);

/** One page: who is there, who comes, what it costs the control plane, what fails. */
export class FleetDashboard extends Construct {
  constructor(scope: Construct, id: string, props: FleetDashboardProps) {
    super(scope, id);
    const { functions, loadBalancer, members, table } = props;
    const fleet = (name: string, statistic = 'Maximum'): IMetric =>
      fleetMetric(this, name, statistic);
    const lambdas = functions.map(({ lambda }) => lambda);
    const group = (metricName: string): IMetric =>
      new Metric({
        namespace: 'AWS/AutoScaling',
        metricName,
        dimensionsMap: { AutoScalingGroupName: members.groupName },
        period,
        statistic: 'Maximum',
      });
    const throttled = (metricName: string): IMetric =>
      new Metric({
        namespace: 'AWS/DynamoDB',
        metricName,
        dimensionsMap: { TableName: table.table.tableName },
        period,
        statistic: 'Sum',
      });
    const ec2 = (metricName: string): IMetric =>
      new Metric({
        namespace: 'AWS/EC2',
        metricName,
        dimensionsMap: { AutoScalingGroupName: members.groupName },
        period,
        statistic: 'Average',
      });
    const rows: IWidget[][] = [
      [
        graph('Sessions and places', [
          fleet(fleetMetrics.sessions),
          fleet(fleetMetrics.reserved),
          fleet(fleetMetrics.capacity),
        ]),
        graph('Places taken, percent', [fleet(fleetMetrics.utilization, 'Average')]),
        graph('Members', [
          fleet(fleetMetrics.activeMembers),
          fleet(fleetMetrics.drainingMembers),
          group('GroupDesiredCapacity'),
          group('GroupPendingInstances'),
        ]),
      ],
      [
        graph('Members: processor, percent', [ec2('CPUUtilization')]),
        graph('Members: bytes a minute, average', [ec2('NetworkIn'), ec2('NetworkOut')]),
        graph('Front door', [
          loadBalancer.metrics.requestCount({ period }),
          loadBalancer.metrics.httpCodeTarget(HttpCodeTarget.TARGET_5XX_COUNT, { period }),
          loadBalancer.metrics.httpCodeElb(HttpCodeElb.ELB_5XX_COUNT, { period }),
        ]),
      ],
      [
        graph(
          'Functions: errors',
          lambdas.map((lambda) => lambda.metricErrors({ period })),
        ),
        graph(
          'Functions: throttles',
          lambdas.map((lambda) => lambda.metricThrottles({ period })),
        ),
        graph(
          'Functions: slowest of a hundred, ms',
          lambdas.map((lambda) => lambda.metricDuration({ period, statistic: 'p99' })),
        ),
      ],
      [
        graph('Table: units used', [
          table.table.metricConsumedReadCapacityUnits({ period }),
          table.table.metricConsumedWriteCapacityUnits({ period }),
        ]),
        graph('Table: throttled', [
          throttled('ReadThrottleEvents'),
          throttled('WriteThrottleEvents'),
        ]),
        new TextWidget({
          markdown: 'What to do when an alarm rings: `docs/operating/runbook.md`',
          width: 8,
          height: 6,
        }),
      ],
    ];
    new Dashboard(this, 'Dashboard', {
      periodOverride: PeriodOverride.AUTO,
      defaultInterval: Duration.hours(12),
      widgets: rows,
    });
  }
}

function graph(title: string, left: IMetric[]): GraphWidget {
  return new GraphWidget({ title, left, width: 8, height: 6, leftYAxis: { min: 0 } });
}
