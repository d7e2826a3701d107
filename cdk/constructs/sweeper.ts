import { Duration } from 'aws-cdk-lib';
import { Rule, RuleTargetInput, Schedule } from 'aws-cdk-lib/aws-events';
import { Construct } from 'constructs';
import { env, sweeperMessage } from '#functions/env.ts';
import type { Members } from './members.ts';
import { NodeFunction } from './node-function.ts';
import type { StateTable } from './state-table.ts';
import type { Watchdog } from './watchdog.ts';
import { WorkQueue } from './work-queue.ts';

const timeout = Duration.seconds(60);

export interface SweeperProps {
  readonly table: StateTable;
  readonly watchdog: Watchdog;
  readonly members: Members;
}

/** Each minute does what the watchdog should have done, and removes what the ended left behind. */
export class Sweeper extends Construct {
  constructor(scope: Construct, id: string, props: SweeperProps) {
    super(scope, id);
    const { members, table, watchdog } = props;
    const queue = new WorkQueue(this, {
      timeout,
      variable: env.sweeperQueueUrl,
      meaning: 'The sweeper keeps failing: what ended members left behind stays stored.',
      runbook: 'sweeper-dead-letters',
    });
    const lambda = new NodeFunction(this, 'Function', {
      folder: 'sweeper',
      timeout,
      memoryMb: 512,
    });
    queue.feed(lambda, { batchSize: 1, maxConcurrency: 2 });
    queue.grantSend(lambda);
    watchdog.grantSend(lambda);
    table.grantItems(lambda);
    members.grantReplace(lambda);

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
