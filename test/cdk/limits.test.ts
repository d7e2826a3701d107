import assert from 'node:assert/strict';
import { test } from 'node:test';
import { synthesized } from './template.ts';

// What only a deployment would refuse: neither the schemas nor their validator look at it.

const { of } = await synthesized();
type Properties = Readonly<Record<string, unknown>>;

test('rules of security groups are described in letters EC2 takes', () => {
  const rules = of('AWS::EC2::SecurityGroup').flatMap(({ properties }) =>
    ['SecurityGroupIngress', 'SecurityGroupEgress'].flatMap(
      (direction) => (properties[direction] ?? []) as Properties[],
    ),
  );
  const apart = of('AWS::EC2::SecurityGroupIngress').map(({ properties }) => properties);
  for (const { Description: description } of [...rules, ...apart]) {
    assert.match(String(description), /^[\w .:/()#,@[\]+=&;{}!$*-]{0,255}$/);
  }
});

test('alarms look back a day at most, those with periods of hours a week', () => {
  for (const { id, properties } of of('AWS::CloudWatch::Alarm')) {
    const metrics = (properties['Metrics'] ?? []) as { MetricStat?: { Period: number } }[];
    const periods = metrics.flatMap(({ MetricStat: figure }) => figure?.Period ?? []);
    const period = Number(properties['Period'] ?? Math.max(...periods));
    assert.equal(period % 60, 0, id);
    const lookBack = period * Number(properties['EvaluationPeriods']);
    assert.ok(lookBack <= (period >= 3_600 ? 7 : 1) * 86_400, id);
  }
});

test('load balancers wait no longer than they can', () => {
  const longest: Readonly<Record<string, readonly [least: number, most: number]>> = {
    'idle_timeout.timeout_seconds': [1, 4_000],
    'tcp.idle_timeout.seconds': [60, 6_000],
    'deregistration_delay.timeout_seconds': [0, 3_600],
  };
  const attributes = ['LoadBalancer', 'Listener', 'TargetGroup'].flatMap((kind) =>
    of(`AWS::ElasticLoadBalancingV2::${kind}`).flatMap(
      ({ properties }) => (properties[`${kind}Attributes`] ?? []) as Properties[],
    ),
  );
  const waits = attributes.filter(({ Key: key }) => String(key) in longest);
  assert.equal(waits.length, 3);
  for (const { Key: key, Value: seconds } of waits) {
    const [least, most] = longest[String(key)] ?? [0, 0];
    assert.ok(Number(seconds) >= least && Number(seconds) <= most, String(key));
  }
});

test('a rule of the load balancer has five values at most', () => {
  for (const { id, properties } of of('AWS::ElasticLoadBalancingV2::ListenerRule')) {
    const values = (properties['Conditions'] as { PathPatternConfig: { Values: unknown[] } }[])
      .map(({ PathPatternConfig: pattern }) => pattern.Values.length)
      .reduce((sum, count) => sum + count, 0);
    assert.ok(values <= 5, id);
  }
});
