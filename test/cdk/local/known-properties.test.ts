import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Stack } from '#cdk/local/template/stack.ts';
import type { Template } from '#cdk/local/template/template.ts';

const addresses = { queueEndpoint: 'http://q', frontDoor: '127.0.0.1', functionUrl: () => '' };
const deployed = (template: Template, parameters: Record<string, string> = {}): Stack =>
  new Stack(template, addresses, parameters);

test('a property nobody acts upon is an error that names it, however deep it is', () => {
  const queue = (properties: Record<string, unknown>): Template => ({
    Resources: { Work: { Type: 'AWS::SQS::Queue', Properties: properties } },
  });
  assert.throws(
    () => deployed(queue({ FifoQueue: true })),
    /Resources\.Work: the local stack does not know the property FifoQueue of AWS::SQS::Queue/,
  );
  const mapping = { EventSourceArn: 'a', FunctionName: 'f' };
  assert.throws(
    () =>
      deployed({
        Resources: {
          Feed: {
            Type: 'AWS::Lambda::EventSourceMapping',
            Properties: { ...mapping, ScalingConfig: { MinimumPollers: 1 } },
          },
        },
      }),
    /ScalingConfig\.MinimumPollers/,
  );
  assert.doesNotThrow(() => deployed(queue({ VisibilityTimeout: 30, SqsManagedSseEnabled: true })));
});

test('an attribute of a load balancer is a property named by its key', () => {
  const balancer = (key: string): Template => ({
    Resources: {
      Balancer: {
        Type: 'AWS::ElasticLoadBalancingV2::LoadBalancer',
        Properties: { LoadBalancerAttributes: [{ Key: key, Value: 'true' }] },
      },
    },
  });
  assert.doesNotThrow(() => deployed(balancer('deletion_protection.enabled')));
  assert.throws(
    () => deployed(balancer('waf.fail_open.enabled')),
    /LoadBalancerAttributes\.waf\.fail_open\.enabled/,
  );
});

test('a property left out by a condition is not looked at, nor is a resource', () => {
  const Conditions = { Never: { 'Fn::Equals': ['a', 'b'] } };
  const left = { 'Fn::If': ['Never', 'yes', { Ref: 'AWS::NoValue' }] };
  assert.doesNotThrow(() =>
    deployed({
      Conditions,
      Resources: {
        Work: { Type: 'AWS::SQS::Queue', Properties: { FifoQueue: left } },
        Other: { Type: 'AWS::SQS::Queue', Properties: { FifoQueue: true }, Condition: 'Never' },
      },
    }),
  );
});

test('a section, a field or an update policy nobody knows is an error', () => {
  const Resources = { Work: { Type: 'AWS::SQS::Queue' } };
  assert.throws(() => deployed({ Resources, Transform: 'x' } as Template), /section Transform/);
  assert.throws(
    () => deployed({ Resources: { Work: { ...Resources.Work, CreationPolicy: {} } } } as Template),
    /Resources\.Work: CreationPolicy/,
  );
  assert.throws(
    () => deployed({ Resources: { Work: { ...Resources.Work, UpdatePolicy: { Other: {} } } } }),
    /UpdatePolicy\.Other/,
  );
});

test('a parameter’s value must be one its template allows', () => {
  const template = {
    Parameters: {
      Arn: { Type: 'String', AllowedPattern: 'arn:.+' },
      Kind: { Type: 'String', AllowedValues: ['a', 'b'], Default: 'a' },
    },
    Resources: {
      Work: { Type: 'AWS::SQS::Queue', Properties: { Tags: [{ Ref: 'Arn' }, { Ref: 'Kind' }] } },
    },
  };
  assert.doesNotThrow(() => deployed(template, { Arn: 'arn:x' }));
  assert.throws(() => deployed(template), /parameter Arn has no value/);
  assert.throws(() => deployed(template, { Arn: 'no' }), /parameter Arn.*AllowedPattern/);
  assert.throws(() => deployed(template, { Arn: 'arn:x', Kind: 'c' }), /parameter Kind.*a, b/);
});
