import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { delaySecondsMax } from '#functions/watchdog/watchdog.ts';
import { synthesized, text } from './template.ts';

const { of, only } = await synthesized();
const alarms = of('AWS::CloudWatch::Alarm');
const runbook = readFileSync(new URL('../../docs/operating/runbook.md', import.meta.url), 'utf8');

/** The article an alarm's description names. */
function articleOf(alarm: { readonly properties: Readonly<Record<string, unknown>> }): string {
  const description = String(alarm.properties['AlarmDescription']);
  return /docs\/operating\/runbook\.md#([a-z0-9-]+)$/.exec(description)?.[1] ?? 'none';
}

const metricsAbout = (id: string): unknown[] =>
  alarms
    .filter(({ properties }) => text(properties['Dimensions'] ?? []).includes(`"${id}"`))
    .map(({ properties }) => properties['MetricName']);

test('every alarm names its runbook article, which says what it means and what to do', () => {
  for (const alarm of alarms) {
    const article = articleOf(alarm);
    const [, body] = runbook.split(`\n## ${article}\n`);
    assert.ok(body, `${alarm.id}: no runbook article ${article}`);
    const own = body.split(/\n##? /)[0] ?? '';
    for (const part of ['Description', 'Investigation', 'Resolution']) {
      assert.ok(own.includes(`**${part}.**`), `${article} has no ${part}`);
    }
  }
});

test('every article of an alarm has its alarm', () => {
  const [articles = ''] = runbook.split('\n# What the logs say');
  const named = [...articles.matchAll(/^## ([a-z0-9-]+)$/gm)].map(([, name]) => name);
  assert.deepEqual(named.sort(), [...new Set(alarms.map(articleOf))].sort());
});

test('every function has an alarm on its errors', () => {
  for (const { id } of of('AWS::Lambda::Function')) {
    assert.ok(metricsAbout(id).includes('Errors'), id);
  }
});

test('articles say how long a function may take', () => {
  for (const { id, properties } of of('AWS::Lambda::Function')) {
    const own = alarms.find(
      (alarm) =>
        alarm.properties['MetricName'] === 'Errors' &&
        text(alarm.properties['Dimensions']).includes(`"${id}"`),
    );
    const article = own && runbook.split(`\n## ${articleOf(own)}\n`)[1]?.split('\n## ')[0];
    const seconds = /\((\d+) s\)/.exec(article ?? '')?.[1];
    // Auto Scaling's own limit is told in words.
    const told = seconds ?? (/the two seconds/.test(article ?? '') ? 2 : undefined);
    assert.equal(Number(told), properties['Timeout'], id);
  }
});

test('every queue rings: for messages that grow old in it, or for each one as a dead one', () => {
  for (const { id, properties } of of('AWS::SQS::Queue')) {
    const name = id.replace(/[0-9A-F]{8}$/, '');
    const wanted = /DeadLetters$/.test(name)
      ? 'ApproximateNumberOfMessagesVisible'
      : 'ApproximateAgeOfOldestMessage';
    assert.ok(metricsAbout(id).includes(wanted), id);
    const isEncrypted = properties['SqsManagedSseEnabled'] === true;
    assert.ok(isEncrypted, `${id} is not encrypted`);
    const hasDeadLetters = properties['RedrivePolicy'] !== undefined;
    assert.equal(hasDeadLetters, !/DeadLetters$/.test(name), id);
  }
});

test('a watch that waits on purpose does not ring as one that nobody takes', () => {
  const old = alarms.find((alarm) => articleOf(alarm) === 'watchdog-queue-age');
  assert.ok(Number(old?.properties['Threshold']) > delaySecondsMax);
});

test('alarms tell a topic, which is encrypted and which CloudWatch may use', () => {
  const topic = only('AWS::SNS::Topic');
  for (const { id, properties } of alarms) {
    assert.deepEqual(properties['AlarmActions'], [{ Ref: topic.id }], id);
  }
  const key = only('AWS::KMS::Key');
  assert.deepEqual(topic.properties['KmsMasterKeyId'], { 'Fn::GetAtt': [key.id, 'Arn'] });
  assert.match(text(key.properties['KeyPolicy']), /cloudwatch\.amazonaws\.com/);
  const policy = text(only('AWS::SNS::TopicPolicy').properties['PolicyDocument']);
  assert.match(policy, /"sns:Publish".*cloudwatch\.amazonaws\.com/);
});

test('silence of the control plane rings', () => {
  const unheard = alarms.find((alarm) => articleOf(alarm) === 'fleet-unheard');
  assert.equal(unheard?.properties['TreatMissingData'], 'breaching');
});

test('a group that wants machines and gets none rings, though nobody is answered an error', () => {
  const missing = alarms.find((alarm) => articleOf(alarm) === 'machines-missing');
  const metrics = text(missing?.properties['Metrics']);
  assert.match(metrics, /"wanted - serving"/);
  for (const name of ['GroupDesiredCapacity', 'GroupInServiceInstances']) {
    assert.match(metrics, new RegExp(`"MetricName":"${name}"`));
  }
  // A machine has four minutes to join: launches are not yet missing.
  assert.equal(missing?.properties['EvaluationPeriods'], 15);
});

test('whoever answers clients with a server error, or refuses members, rings', () => {
  const named = (article: string): unknown[] =>
    alarms
      .filter((alarm) => articleOf(alarm) === article)
      .map(({ properties }) => properties['MetricName']);
  // The first are the functions' own; the others say that a function threw or was throttled.
  const both = ['HTTPCode_Target_5XX_Count', 'HTTPCode_ELB_5XX_Count'];
  assert.deepEqual(named('front-door-5xx').sort(), both.sort());
  assert.deepEqual(named('agent-api-throttled'), ['Throttles']);
});
