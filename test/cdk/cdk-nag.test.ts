import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { App, Stack, Validations } from 'aws-cdk-lib';
import { Queue } from 'aws-cdk-lib/aws-sqs';
import { AwsSolutionsChecks } from 'cdk-nag';
import { appWith } from './variant.ts';

interface Report {
  readonly pluginReports: readonly {
    readonly violations: readonly {
      readonly ruleName: string;
      readonly description: string;
      readonly violatingConstructs: readonly { readonly constructPath?: string }[];
    }[];
  }[];
}

/** What the rules say about an application, answered findings left out. */
function findingsOf(app: App): string[] {
  Validations.of(app).addPlugins(new AwsSolutionsChecks(app));
  try {
    app.synth(); // throws when there are findings, which the report has
  } catch (error) {
    if (!String(error).startsWith('ValidationFailed')) throw error;
  }
  const file = join(app.outdir, 'validation-report.json');
  const report: Report = JSON.parse(readFileSync(file, 'utf8'));
  return report.pluginReports.flatMap(({ violations }) =>
    violations.flatMap(({ ruleName, violatingConstructs }) =>
      violatingConstructs.map(({ constructPath = '' }) => `${ruleName} ${constructPath}`),
    ),
  );
}

test('cdk-nag (AwsSolutions) finds nothing that is not answered with a reason', () => {
  assert.deepEqual(findingsOf(appWith({})), []);
});

test('cdk-nag is asked: a queue that takes unencrypted connections is found', () => {
  const app = new App({ analyticsReporting: false });
  new Queue(new Stack(app, 'Planted'), 'Queue');
  assert.ok(findingsOf(app).includes('AwsSolutions-SQS4 Planted/Queue/Resource'));
});
