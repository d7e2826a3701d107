import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type SynthesizedResource, synthesized, text } from './template.ts';

const { called, functionCalled, of, statementsOf } = await synthesized();
const functions = of('AWS::Lambda::Function');

const functionNamed = (reference: unknown): SynthesizedResource => {
  const found = functions.find(({ id }) => text(reference).includes(`"${id}"`));
  return found ?? assert.fail(`no function ${text(reference)}`);
};
const retentionOf = (group: SynthesizedResource): unknown => group.properties['RetentionInDays'];

test('every function runs Node 24 on arm64 with a deadline and a log group of its own', () => {
  for (const { id, properties } of functions) {
    assert.equal(properties['Runtime'], 'nodejs24.x', id);
    assert.deepEqual(properties['Architectures'], ['arm64'], id);
    assert.ok(Number(properties['Timeout']) <= 60, id);
    assert.ok(text(properties['LoggingConfig']).includes('Logs'), id);
  }
  const groups = of('AWS::Logs::LogGroup');
  assert.equal(groups.length, functions.length + 1, 'and one of the machines');
  for (const group of groups) assert.equal(retentionOf(group), 30, group.id);
});

test('every function runs a bundle of its own', () => {
  const bundles = functions.map(({ properties }) => text(properties['Code']));
  assert.equal(new Set(bundles).size, functions.length);
});

test('the front door answers before a client gives up after 15 s (protocol/02 §2)', () => {
  assert.ok(Number(functionCalled('frontdoor').properties['Timeout']) < 15);
});

test('messages that failed come back alone, and not while they are at work', () => {
  const mappings = of('AWS::Lambda::EventSourceMapping');
  assert.equal(mappings.length, 4);
  for (const { id, properties } of mappings) {
    assert.deepEqual(properties['FunctionResponseTypes'], ['ReportBatchItemFailures'], id);
    const { MaximumConcurrency: most } = properties['ScalingConfig'] as Record<string, number>;
    assert.ok(Number(most) <= 10, `${id} takes the front door's concurrency`);
  }
  for (const name of ['Watchdog', 'Lifecycle', 'Sweeper']) {
    const timeout = Number(functionCalled(name.toLowerCase()).properties['Timeout']);
    const queue = called('AWS::SQS::Queue', `${name}Queue`);
    assert.ok(Number(queue.properties['VisibilityTimeout']) >= 6 * timeout, name);
  }
});

test('a function that sends messages to itself is not stopped at the sixteenth', () => {
  const loops = of('AWS::Lambda::EventSourceMapping').filter(({ properties }) => {
    const fed = functionNamed(properties['FunctionName']);
    const queue = text(properties['EventSourceArn']);
    return statementsOf(fed.id.replace(/[0-9A-F]{8}$/, 'Role')).some(
      ({ Action: actions, Resource: resource }) =>
        text(actions).includes('sqs:SendMessage') && text(resource).includes(queue),
    );
  });
  assert.equal(loops.length, 4);
  for (const { properties } of loops) {
    const fed = functionNamed(properties['FunctionName']);
    assert.equal(fed.properties['RecursiveLoop'], 'Allow', fed.id);
  }
});

test('rules feed queues that let them in, by pattern of our group or by schedule', () => {
  const group = called('AWS::AutoScaling::AutoScalingGroup', 'Members');
  const rules = of('AWS::Events::Rule');
  assert.deepEqual(rules.map(({ properties }) => properties['ScheduleExpression']).sort(), [
    'rate(1 day)',
    'rate(1 day)',
    'rate(1 minute)',
    undefined,
    undefined,
  ]);
  const ofTheGroup = called('AWS::Events::Rule', 'LifecycleOfTheGroup');
  const pattern = ofTheGroup.properties['EventPattern'] as Record<string, unknown>;
  assert.deepEqual(pattern['source'], ['aws.autoscaling']);
  const { AutoScalingGroupName: name } = group.properties;
  assert.deepEqual(pattern['detail'], { AutoScalingGroupName: [name] });
  const policies = text(of('AWS::SQS::QueuePolicy').map(({ properties }) => properties));
  for (const { id } of rules) {
    assert.ok(policies.includes(`"aws:SourceArn":{"Fn::GetAtt":["${id}","Arn"]}`), id);
  }
});
