import { AssetHashType, Duration, RemovalPolicy } from 'aws-cdk-lib';
import { PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Architecture, Code, Function as LambdaFunction, Runtime } from 'aws-cdk-lib/aws-lambda';
import { LogGroup, RetentionDays } from 'aws-cdk-lib/aws-logs';
import type { Construct } from 'constructs';
import { bundling } from './bundling.ts';
import { repositoryRoot } from './repository-root.ts';
import { RunbookAlarm } from './runbook-alarm.ts';

export interface NodeFunctionProps {
  /** The folder under `functions/` whose `handler.ts` exports `handler`. */
  readonly folder: string;
  readonly timeout: Duration;
  readonly memoryMb: number;
}

/** One Lambda function: its bundle, its role, its log group, and an alarm on its errors. */
export class NodeFunction extends LambdaFunction {
  constructor(scope: Construct, id: string, props: NodeFunctionProps) {
    const logGroup = new LogGroup(scope, `${id}Logs`, {
      retention: RetentionDays.ONE_MONTH,
      removalPolicy: RemovalPolicy.DESTROY,
    });
    const role = new Role(scope, `${id}Role`, {
      assumedBy: new ServicePrincipal('lambda.amazonaws.com'),
      description: `The ${props.folder} function of etherfleet`,
    });
    // Instead of AWS's managed policy, which lets it write to every log group of the account.
    role.addToPolicy(
      new PolicyStatement({
        actions: ['logs:CreateLogStream', 'logs:PutLogEvents'],
        resources: [logGroup.logGroupArn],
      }),
    );
    super(scope, id, {
      // The CDK bundles what comes from one folder once: this is the function's own.
      code: Code.fromAsset(`${repositoryRoot}/functions/${props.folder}`, {
        assetHashType: AssetHashType.OUTPUT,
        bundling: bundling({
          entryPoint: `functions/${props.folder}/handler.ts`,
          fileName: 'index.mjs',
          minify: true,
        }),
      }),
      handler: 'index.handler',
      runtime: Runtime.NODEJS_24_X, // the one place that names the runtime (ADR 0009)
      architecture: Architecture.ARM_64,
      timeout: props.timeout,
      memorySize: props.memoryMb,
      logGroup,
      role,
      environment: { NODE_OPTIONS: '--enable-source-maps' },
    });
    new RunbookAlarm(this, 'Errors', {
      metric: this.metricErrors({ period: Duration.minutes(1) }),
      threshold: 1,
      meaning: `The ${props.folder} function failed: it threw, ran out of time or of memory.`,
      runbook: `${props.folder}-errors`,
    });
  }
}
