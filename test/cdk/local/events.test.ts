import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { EventBus } from '#cdk/local/events/event-bus.ts';
import { eventRules, matchesPattern } from '#cdk/local/events/rule.ts';
import { systemClock, systemRandom } from '#cdk/local/system.ts';
import { Stack } from '#cdk/local/template/stack.ts';
import type { Template } from '#cdk/local/template/template.ts';
import { eventually } from '#test/support/eventually.ts';

const addresses = {
  queueEndpoint: 'http://127.0.0.1:1',
  frontDoor: '127.0.0.1',
  functionUrl: () => '',
};

/** One queue, one rule, and a policy that lets the rule send. */
function template(rule: object, statement: object = {}): Template {
  return {
    Resources: {
      Queue: { Type: 'AWS::SQS::Queue' },
      Policy: {
        Type: 'AWS::SQS::QueuePolicy',
        Properties: {
          Queues: [{ Ref: 'Queue' }],
          PolicyDocument: {
            Statement: [
              {
                Effect: 'Deny',
                Principal: { AWS: '*' },
                Action: 'sqs:*',
                Resource: { 'Fn::GetAtt': ['Queue', 'Arn'] },
                Condition: { Bool: { 'aws:SecureTransport': 'false' } },
              },
              {
                Effect: 'Allow',
                Principal: { Service: 'events.amazonaws.com' },
                Action: ['sqs:SendMessage'],
                Resource: { 'Fn::GetAtt': ['Queue', 'Arn'] },
                Condition: { ArnEquals: { 'aws:SourceArn': { 'Fn::GetAtt': ['Rule', 'Arn'] } } },
                ...statement,
              },
            ],
          },
        },
      },
      Rule: {
        Type: 'AWS::Events::Rule',
        Properties: {
          State: 'ENABLED',
          Targets: [{ Arn: { 'Fn::GetAtt': ['Queue', 'Arn'] }, Id: 'Target0' }],
          ...rule,
        },
      },
    },
  };
}

function busOf(context: TestContext, given: Template) {
  const sent: { queueUrl: string; body: string }[] = [];
  const troubles: string[] = [];
  const due: { delayMs: number; action: () => void }[] = [];
  const bus = new EventBus(new Stack(given, addresses, {}), {
    clock: systemClock,
    random: systemRandom,
    timers: {
      after: (delayMs, action) => {
        due.push({ delayMs, action });
        return () => undefined;
      },
    },
    send: async (queueUrl, body) => void sent.push({ queueUrl, body }),
    onTrouble: (message) => troubles.push(message),
  });
  context.after(() => bus.stop());
  return { bus, sent, troubles, due };
}

const pattern = { source: ['aws.autoscaling'], detail: { AutoScalingGroupName: ['Group'] } };
const event = {
  source: 'aws.autoscaling',
  'detail-type': 'EC2 Instance Terminate Successful',
  resources: [],
  detail: { AutoScalingGroupName: 'Group', EC2InstanceId: 'i-1' },
};

test('an event its rule wants reaches the queue whole', async (context) => {
  const { bus, sent } = busOf(context, template({ EventPattern: pattern }));
  bus.put(event);
  await eventually(() => (sent.length === 1 ? undefined : 'nothing was sent'), 1_000);
  const { id, time, ...told } = JSON.parse(sent[0]?.body ?? '{}');
  assert.match(sent[0]?.queueUrl ?? '', /\/Queue$/);
  assert.match(id, /^[0-9a-f]{8}-[0-9a-f]{4}-/);
  assert.match(time, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
  assert.deepEqual(told, {
    version: '0',
    account: '000000000000',
    region: 'eu-central-1',
    ...event,
  });
});

test('patterns: each field named must have one of the texts named', () => {
  assert.equal(matchesPattern(pattern, event), true);
  assert.equal(matchesPattern({ ...pattern, source: ['aws.ec2'] }, event), false);
  assert.equal(matchesPattern({ detail: { AutoScalingGroupName: ['Other'] } }, event), false);
  assert.equal(matchesPattern({ detail: { Missing: ['Group'] } }, event), false);
  assert.equal(matchesPattern({ source: { deeper: ['x'] } }, event), false);
});

test('a schedule sends its input, again and again', async (context) => {
  const target = {
    Arn: { 'Fn::GetAtt': ['Queue', 'Arn'] },
    Id: 'Target0',
    Input: '{"kind":"tick"}',
  };
  const rule = { ScheduleExpression: 'rate(1 minute)', Targets: [target] };
  const { bus, sent, due } = busOf(context, template(rule));
  bus.start();
  for (let minute = 1; minute <= 2; minute += 1) {
    const next = due.shift();
    assert.equal(next?.delayMs, 60_000);
    next?.action();
    await eventually(() => (sent.length === minute ? undefined : 'not yet'), 1_000);
  }
  assert.deepEqual(new Set(sent.map(({ body }) => body)), new Set(['{"kind":"tick"}']));
});

test('a queue that does not let the rule in gets nothing, and that is told', async (context) => {
  const other = { Condition: { ArnEquals: { 'aws:SourceArn': 'arn:aws:events:x:0:rule/Other' } } };
  for (const statement of [other, { Principal: { Service: 'sns.amazonaws.com' } }]) {
    const { bus, sent, troubles } = busOf(context, template({ EventPattern: pattern }, statement));
    bus.put(event);
    await eventually(() => (troubles.length === 1 ? undefined : 'nobody heard'), 1_000);
    assert.match(troubles[0] ?? '', /the policy of .*Queue does not let this rule send/);
    assert.deepEqual(sent, []);
  }
});

test('what is not understood of a rule is an error, not a guess', () => {
  const rules = (rule: object) => eventRules(new Stack(template(rule), addresses, {}));
  assert.throws(() => rules({ ScheduleExpression: 'cron(0 * * * ? *)' }), /Rule: .*cron/);
  assert.throws(() => rules({ EventPattern: { source: [{ prefix: 'aws.' }] } }));
  assert.throws(() => rules({ State: 'DISABLED', EventPattern: pattern }));
});
