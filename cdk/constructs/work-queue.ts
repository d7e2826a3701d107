import { Duration } from 'aws-cdk-lib';
import type { IRuleTarget, RuleTargetInput } from 'aws-cdk-lib/aws-events';
import { SqsQueue } from 'aws-cdk-lib/aws-events-targets';
import { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import {
  type CfnFunction,
  type Function as LambdaFunction,
  RecursiveLoop,
} from 'aws-cdk-lib/aws-lambda';
import { SqsEventSource } from 'aws-cdk-lib/aws-lambda-event-sources';
import { Queue, QueueEncryption } from 'aws-cdk-lib/aws-sqs';
import type { Construct } from 'constructs';
import { RunbookAlarm } from './runbook-alarm.ts';

export interface WorkQueueProps {
  /** Of the function that is fed. */
  readonly timeout: Duration;
  /** Environment variable that tells the queue's URL to whoever may send. */
  readonly variable: string;
  /** What it means that a message failed five times, and where to read on. */
  readonly meaning: string;
  /** Article on the dead letters; `…-queue-age` beside it is on messages nobody takes. */
  readonly runbook: `${string}-dead-letters`;
}

/**
 * A queue that feeds one function. A message that keeps failing ends in the dead-letter queue,
 * which rings.
 */
export class WorkQueue {
  private readonly queue: Queue;
  private readonly variable: string;

  constructor(scope: Construct, props: WorkQueueProps) {
    this.variable = props.variable;
    const deadLetters = new Queue(scope, 'DeadLetters', {
      enforceSSL: true,
      encryption: QueueEncryption.SQS_MANAGED,
      retentionPeriod: Duration.days(14),
    });
    this.queue = new Queue(scope, 'Queue', {
      enforceSSL: true,
      encryption: QueueEncryption.SQS_MANAGED,
      retentionPeriod: Duration.days(1), // what is older says nothing any more
      // AWS: six times the function's own.
      visibilityTimeout: Duration.seconds(6 * props.timeout.toSeconds()),
      deadLetterQueue: { queue: deadLetters, maxReceiveCount: 5 },
    });
    new RunbookAlarm(scope, 'DeadLettersPresent', {
      metric: deadLetters.metricApproximateNumberOfMessagesVisible({
        period: Duration.minutes(1),
        statistic: 'Maximum',
      }),
      threshold: 1,
      meaning: props.meaning,
      runbook: props.runbook,
    });
    new RunbookAlarm(scope, 'MessagesOld', {
      metric: this.queue.metricApproximateAgeOfOldestMessage({
        period: Duration.minutes(1),
        statistic: 'Maximum',
      }),
      // Past one failure and the visibility timeout after it.
      threshold: Math.max(2 * 6 * props.timeout.toSeconds(), 300),
      periods: 3,
      meaning: 'Messages lie in a queue and nobody takes them.',
      runbook: props.runbook.replace(/dead-letters$/, 'queue-age'),
    });
  }

  /**
   * Let the queue feed `lambda`. A burst must not take the front door's concurrency. The functions
   * send themselves their next look: Lambda takes a chain of sixteen such messages for a runaway,
   * and throws the next away, unless it is told that the loop is meant.
   */
  feed(lambda: LambdaFunction, limits: { batchSize: number; maxConcurrency: number }): void {
    lambda.addEventSource(
      new SqsEventSource(this.queue, { ...limits, reportBatchItemFailures: true }),
    );
    (lambda.node.defaultChild as CfnFunction).recursiveLoop = RecursiveLoop.ALLOW;
  }

  /** Let `lambda` send to the queue, and tell it where that is. */
  grantSend(lambda: LambdaFunction): void {
    lambda.addToRolePolicy(
      new PolicyStatement({ actions: ['sqs:SendMessage'], resources: [this.queue.queueArn] }),
    );
    lambda.addEnvironment(this.variable, this.queue.queueUrl);
  }

  /** The queue as a rule's target: the event itself, or `message` in its place. */
  target(message?: RuleTargetInput): IRuleTarget {
    return new SqsQueue(this.queue, message === undefined ? {} : { message });
  }
}
