import { Duration } from 'aws-cdk-lib';
import { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import type { Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda';
import { SqsEventSource } from 'aws-cdk-lib/aws-lambda-event-sources';
import { Queue } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { env } from '#functions/env.ts';
import { NodeFunction } from './node-function.ts';
import { RunbookAlarm } from './runbook-alarm.ts';
import type { StateTable } from './state-table.ts';

const timeout = Duration.seconds(20);

/**
 * Notices members whose lease ran out. One delayed message per member comes back until the member
 * is gone; a message that keeps failing ends in the dead-letter queue, which rings.
 */
export class Watchdog extends Construct {
  private readonly queue: Queue;

  constructor(scope: Construct, id: string, props: { readonly table: StateTable }) {
    super(scope, id);
    const deadLetters = new Queue(this, 'DeadLetters', {
      enforceSSL: true,
      retentionPeriod: Duration.days(14),
    });
    this.queue = new Queue(this, 'Queue', {
      enforceSSL: true,
      visibilityTimeout: Duration.seconds(6 * timeout.toSeconds()), // AWS: six times the function's
      deadLetterQueue: { queue: deadLetters, maxReceiveCount: 5 },
    });
    new RunbookAlarm(this, 'DeadLettersPresent', {
      metric: deadLetters.metricApproximateNumberOfMessagesVisible({
        period: Duration.minutes(1),
        statistic: 'Maximum',
      }),
      threshold: 1,
      meaning: 'A member is no longer watched: its watchdog message failed five times.',
      runbook: 'watchdog-dead-letters',
    });

    const lambda = new NodeFunction(this, 'Function', {
      folder: 'watchdog',
      timeout,
      memoryMb: 512,
    });
    lambda.addEventSource(
      new SqsEventSource(this.queue, {
        batchSize: 10,
        reportBatchItemFailures: true,
        maxConcurrency: 10, // a burst of messages must not take the front door's concurrency
      }),
    );
    props.table.grantItems(lambda);
    this.grantSend(lambda);
  }

  /** Let `lambda` put a member under watch, and tell it the queue's URL. */
  grantSend(lambda: LambdaFunction): void {
    lambda.addToRolePolicy(
      new PolicyStatement({ actions: ['sqs:SendMessage'], resources: [this.queue.queueArn] }),
    );
    lambda.addEnvironment(env.watchdogQueueUrl, this.queue.queueUrl);
  }
}
