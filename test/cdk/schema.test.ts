import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { RegoEngine, TemplateFile } from '@aws/cloudformation-validate';
import { enumFaults } from './enums.ts';
import { synthesized } from './template.ts';

const { assembly } = await synthesized();
const engine = new RegoEngine();

/** Findings of the rules that are no fault here, each with its reason. */
const answered: Readonly<Record<string, string>> = {
  E3676: 'the listener has its certificate: a custom resource’s, which the rule cannot see',
};

/** What the schemas of CloudFormation say about a template, offline: errors only. */
function errorsIn(template: unknown): string[] {
  const folder = mkdtempSync(join(tmpdir(), 'etherfleet-schema-'));
  try {
    const file = join(folder, 'template.json');
    writeFileSync(file, JSON.stringify(template));
    const { diagnostics } = engine.validateStandard(new TemplateFile(file), {
      severityLevel: 'ERROR',
      pseudoParameterOverrides: { region: 'eu-central-1' },
    });
    return diagnostics
      .filter(({ ruleId }) => answered[ruleId] === undefined)
      .map(({ ruleId, message }) => `${ruleId}: ${message}`);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The template with one property set, by the path of its keys. */
function withFault(type: string, path: readonly string[], value: unknown): unknown {
  const template = structuredClone(assembly.template) as unknown as {
    Resources: Record<string, { Type: string; Properties: Record<string, unknown> }>;
  };
  const resource = Object.values(template.Resources).find((one) => one.Type === type);
  assert.ok(resource, type);
  let place = resource.Properties;
  for (const key of path.slice(0, -1)) place = place[key] as Record<string, unknown>;
  place[path.at(-1) ?? ''] = value;
  return template;
}

test('the template is what the schemas of its resources ask for', () => {
  assert.deepEqual(errorsIn(assembly.template), []);
});

test('a property no schema has, and one of the wrong type, are found', () => {
  assert.notDeepEqual(errorsIn(withFault('AWS::SQS::Queue', ['VisibilityTimeOut'], 30)), []);
  assert.notDeepEqual(errorsIn(withFault('AWS::Lambda::Function', ['Timeout'], 'soon')), []);
});

test('every value that is one of a list is on it', () => {
  assert.deepEqual(enumFaults(assembly.template), []);
});

test('a value that is on no list is found', () => {
  const faults = [
    withFault('AWS::DynamoDB::Table', ['BillingMode'], 'PAY_PER_REQUESTS'),
    withFault('AWS::Lambda::Function', ['Runtime'], 'nodejs42.x'),
    withFault(
      'AWS::AutoScaling::AutoScalingGroup',
      ['LifecycleHookSpecificationList', '0', 'DefaultResult'],
      'GO_ON',
    ),
    withFault('AWS::Lambda::Function', ['PackageType'], 'Zipped'),
  ];
  for (const template of faults) assert.equal(enumFaults(template).length, 1);
});

test('memory of the validator is given back', () => engine.free());
