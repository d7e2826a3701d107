import { Duration } from 'aws-cdk-lib';
import type { Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda';
import { Construct } from 'constructs';
import { env } from '#functions/env.ts';
import { NodeFunction } from './node-function.ts';
import type { StateTable } from './state-table.ts';
import { WorkQueue } from './work-queue.ts';

const timeout = Duration.seconds(20);

/**
 * Notices members whose lease ran out. One delayed message per member comes back until the member
 * is gone.
 */
export class Watchdog extends Construct {
  readonly lambda: NodeFunction;
  private readonly queue: WorkQueue;

  constructor(scope: Construct, id: string, props: { readonly table: StateTable }) {
    super(scope, id);
    this.queue = new WorkQueue(this, {
      timeout,
      variable: env.watchdogQueueUrl,
      meaning: 'A member is no longer watched: its watchdog message failed five times.',
      runbook: 'watchdog-dead-letters',
    });
    this.lambda = new NodeFunction(this, 'Function', {
      folder: 'watchdog',
      timeout,
      memoryMb: 512,
    });
    this.queue.feed(this.lambda, { batchSize: 10, maxConcurrency: 10 });
    props.table.grantItems(this.lambda);
    this.grantSend(this.lambda);
  }

  /** Let `lambda` put a member under watch. */
  grantSend(lambda: LambdaFunction): void {
    this.queue.grantSend(lambda);
  }
}
