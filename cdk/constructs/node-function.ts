import { Duration, RemovalPolicy } from 'aws-cdk-lib';
import { Architecture, Runtime } from 'aws-cdk-lib/aws-lambda';
import { NodejsFunction, OutputFormat } from 'aws-cdk-lib/aws-lambda-nodejs';
import { LogGroup, RetentionDays } from 'aws-cdk-lib/aws-logs';
import type { Construct } from 'constructs';
import { esbuildOptions } from './esbuild-options.ts';
import { repositoryRoot } from './repository-root.ts';
import { RunbookAlarm } from './runbook-alarm.ts';

export interface NodeFunctionProps {
  /** The folder under `functions/` whose `handler.ts` exports `handler`. */
  readonly folder: string;
  readonly timeout: Duration;
  readonly memoryMb: number;
}

/** One Lambda function: its bundle, its log group, and an alarm on its errors. */
export class NodeFunction extends NodejsFunction {
  constructor(scope: Construct, id: string, props: NodeFunctionProps) {
    const logGroup = new LogGroup(scope, `${id}Logs`, {
      retention: RetentionDays.ONE_MONTH,
      removalPolicy: RemovalPolicy.DESTROY,
    });
    super(scope, id, {
      entry: `${repositoryRoot}/functions/${props.folder}/handler.ts`,
      handler: 'handler',
      runtime: Runtime.NODEJS_24_X, // the one place that names the runtime (ADR 0009)
      architecture: Architecture.ARM_64,
      timeout: props.timeout,
      memorySize: props.memoryMb,
      logGroup,
      environment: { NODE_OPTIONS: '--enable-source-maps' },
      projectRoot: repositoryRoot,
      depsLockFilePath: `${repositoryRoot}/package-lock.json`,
      bundling: {
        ...esbuildOptions,
        mainFields: [...esbuildOptions.mainFields],
        format: OutputFormat.ESM,
        minify: true,
        keepNames: true, // logs name error classes
        sourceMap: true,
        sourcesContent: false,
        bundleAwsSDK: true, // what was tested is what runs
      },
    });
    new RunbookAlarm(this, 'Errors', {
      metric: this.metricErrors({ period: Duration.minutes(1) }),
      threshold: 1,
      meaning: `The ${props.folder} function failed: it threw, ran out of time or of memory.`,
      runbook: `${props.folder}-errors`,
    });
  }
}
