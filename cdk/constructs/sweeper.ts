import { Duration, Stack } from 'aws-cdk-lib';
import { Rule, RuleTargetInput, Schedule } from 'aws-cdk-lib/aws-events';
import { Construct } from 'constructs';
import { env, fleetMetrics, sweeperMessage } from '#functions/env.ts';
import { fleetMetric } from './fleet-metric.ts';
import type { Members } from './members.ts';
import { NodeFunction } from './node-function.ts';
import { RunbookAlarm } from './runbook-alarm.ts';
import type { StateTable } from './state-table.ts';
import type { Watchdog } from './watchdog.ts';
import { WorkQueue } from './work-queue.ts';

const timeout = Duration.seconds(60);

export interface SweeperProps {
  readonly table: StateTable;
  readonly watchdog: Watchdog;
  readonly members: Members;
}

/**
 * Each minute does what the watchdog should have done, removes what the ended left behind, and says
 * how much of the fleet is taken: what the group is scaled by.
 */
export class Sweeper extends Construct {
  readonly lambda: NodeFunction;

  constructor(scope: Construct, id: string, props: SweeperProps) {
    super(scope, id);
    const { members, table, watchdog } = props;
    const queue = new WorkQueue(this, {
      timeout,
      variable: env.sweeperQueueUrl,
      meaning: 'The sweeper keeps failing: what ended members left behind stays stored.',
      runbook: 'sweeper-dead-letters',
    });
    this.lambda = new NodeFunction(this, 'Function', {
      folder: 'sweeper',
      timeout,
      memoryMb: 512,
    });
    const { lambda } = this;
    queue.feed(lambda, { batchSize: 1, maxConcurrency: 2 });
    queue.grantSend(lambda);
    watchdog.grantSend(lambda);
    table.grantItems(lambda);
    members.grantReplace(lambda);
    lambda.addEnvironment(env.clusterName, Stack.of(this).stackName); // its figures go by it

    new RunbookAlarm(this, 'FleetUnheard', {
      metric: fleetMetric(this, fleetMetrics.activeMembers, 'SampleCount'),
      threshold: 1,
      below: true,
      periods: 5,
      silenceRings: true,
      meaning: 'Nothing was heard of the fleet for five minutes.',
      runbook: 'fleet-unheard',
    });

    new Rule(this, 'EachMinute', {
      schedule: Schedule.rate(Duration.minutes(1)),
      targets: [queue.target(RuleTargetInput.fromObject(sweeperMessage.tick))],
    });
    new Rule(this, 'EachDay', {
      schedule: Schedule.rate(Duration.days(1)),
      targets: [queue.target(RuleTargetInput.fromObject(sweeperMessage.requestWalk))],
    });
  }
}
