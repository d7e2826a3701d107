import { Duration } from 'aws-cdk-lib';
import { Effect, type IPrincipal, PolicyStatement } from 'aws-cdk-lib/aws-iam';
import { FunctionUrlAuthType, InvokeMode } from 'aws-cdk-lib/aws-lambda';
import { Construct } from 'constructs';
import { NodeFunction } from './node-function.ts';
import { RunbookAlarm } from './runbook-alarm.ts';
import type { AdminPassword, ClusterSecret } from './secrets.ts';
import type { StateTable } from './state-table.ts';
import type { Watchdog } from './watchdog.ts';

export interface AgentApiProps {
  readonly table: StateTable;
  readonly clusterSecret: ClusterSecret;
  readonly adminPassword: AdminPassword;
  readonly watchdog: Watchdog;
}

/**
 * What members talk to: join, heartbeat, redeem, and what administrators say to them (ADR 0034).
 * IAM says who is calling (design.md §5).
 */
export class AgentApi extends Construct {
  /** Ends with a slash. */
  readonly url: string;
  readonly lambda: NodeFunction;

  constructor(scope: Construct, id: string, props: AgentApiProps) {
    super(scope, id);
    this.lambda = new NodeFunction(this, 'Function', {
      folder: 'agent-api',
      timeout: Duration.seconds(20), // administrators may ask for long lists
      memoryMb: 1_024,
    });
    this.url = this.lambda.addFunctionUrl({
      authType: FunctionUrlAuthType.AWS_IAM,
      invokeMode: InvokeMode.BUFFERED,
    }).url;
    props.table.grantItems(this.lambda);
    props.clusterSecret.grantRead(this.lambda);
    props.adminPassword.grantRead(this.lambda);
    props.watchdog.grantSend(this.lambda);
    new RunbookAlarm(this, 'Throttled', {
      metric: this.lambda.metricThrottles({ period: Duration.minutes(1) }),
      threshold: 10, // a member may miss a heartbeat
      meaning: 'Members were turned away: the account’s functions are as many as may run at once.',
      runbook: 'agent-api-throttled',
    });
  }

  /**
   * Let somebody call the URL, and only the URL. Since October 2025 both actions are asked for; the
   * conditions keep the second from becoming a right to invoke the function directly, which would
   * let a member write its own request context.
   */
  grantCall(caller: IPrincipal): void {
    caller.addToPrincipalPolicy(
      new PolicyStatement({
        effect: Effect.ALLOW,
        actions: ['lambda:InvokeFunctionUrl'],
        resources: [this.lambda.functionArn],
        conditions: { StringEquals: { 'lambda:FunctionUrlAuthType': 'AWS_IAM' } },
      }),
    );
    caller.addToPrincipalPolicy(
      new PolicyStatement({
        effect: Effect.ALLOW,
        actions: ['lambda:InvokeFunction'],
        resources: [this.lambda.functionArn],
        conditions: { Bool: { 'lambda:InvokedViaFunctionUrl': 'true' } },
      }),
    );
  }
}
