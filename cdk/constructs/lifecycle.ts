import { Duration } from 'aws-cdk-lib';
import { Rule } from 'aws-cdk-lib/aws-events';
import { Construct } from 'constructs';
import { env } from '#functions/env.ts';
import type { Members } from './members.ts';
import { NodeFunction } from './node-function.ts';
import type { StateTable } from './state-table.ts';
import { WorkQueue } from './work-queue.ts';

const timeout = Duration.seconds(20);

export interface LifecycleProps {
  readonly table: StateTable;
  readonly members: Members;
}

/**
 * Counts a machine in when its member is active, and lets one go when its member is empty. Events
 * come through a queue, in which the function also sends itself its next look: nothing sleeps.
 */
export class Lifecycle extends Construct {
  readonly lambda: NodeFunction;

  constructor(scope: Construct, id: string, props: LifecycleProps) {
    super(scope, id);
    const { members, table } = props;
    const queue = new WorkQueue(this, {
      timeout,
      variable: env.lifecycleQueueUrl,
      meaning:
        'A machine is terminated without having been emptied: its message failed five times.',
      runbook: 'lifecycle-dead-letters',
    });
    this.lambda = new NodeFunction(this, 'Function', {
      folder: 'lifecycle',
      timeout,
      memoryMb: 512,
    });
    const { lambda } = this;
    queue.feed(lambda, { batchSize: 10, maxConcurrency: 5 });
    queue.grantSend(lambda);
    table.grantItems(lambda);
    members.grantLifecycle(lambda);

    new Rule(this, 'OfTheGroup', {
      description: 'A member’s machine is launched, is to be terminated, or is no more',
      eventPattern: {
        source: ['aws.autoscaling'],
        detailType: [
          'EC2 Instance-launch Lifecycle Action',
          'EC2 Instance-terminate Lifecycle Action',
          'EC2 Instance Terminate Successful',
        ],
        detail: { AutoScalingGroupName: [members.groupName] },
      },
      targets: [queue.target()],
    });
    new Rule(this, 'OfSpotMachines', {
      description: 'EC2 takes a machine back; the event does not say whose it is',
      eventPattern: {
        source: ['aws.ec2'],
        detailType: ['EC2 Spot Instance Interruption Warning'],
      },
      targets: [queue.target()],
    });
    // There before the group's first machines, which CloudFormation waits for, and until its last.
    members.group.node.addDependency(this);
  }
}
