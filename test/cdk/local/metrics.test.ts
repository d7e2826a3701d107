import assert from 'node:assert/strict';
import { test } from 'node:test';
import { callSigned } from '#cdk/local/aws/signed-call.ts';
import { readEmf } from '#cdk/local/metrics/emf.ts';
import { MetricStore } from '#cdk/local/metrics/metric-store.ts';
import { fleetMetrics, sweeperMessage } from '#functions/env.ts';
import { eventually } from '#test/support/eventually.ts';
import { deployed } from './deployed.ts';

const minuteMs = 60_000;
const metric = { namespace: 'Fleet', name: 'Load', dimensions: { Cluster: 'A' } };

const line = (changes: object = {}): string =>
  JSON.stringify({
    level: 30,
    _aws: {
      Timestamp: 5 * minuteMs,
      CloudWatchMetrics: [
        { Namespace: 'Fleet', Dimensions: [['Cluster']], Metrics: [{ Name: 'Load' }] },
      ],
    },
    Cluster: 'A',
    Load: 7,
    ...changes,
  });

test('figures are read out of a line of the log, others are passed over', () => {
  assert.deepEqual(readEmf(line()), {
    kind: 'figures',
    datapoints: [{ metric, value: 7, atMs: 5 * minuteMs }],
  });
  const many = readEmf(line({ Load: [1, 2] }));
  assert(many?.kind === 'figures');
  assert.deepEqual(
    many.datapoints.map(({ value }) => value),
    [1, 2],
  );
  for (const other of ['', 'Error: "_aws"', '{"event":"x"}'])
    assert.equal(readEmf(other), undefined);
});

test('a line CloudWatch would pass over without a word is told of', () => {
  const reasonOf = (text: string): string => {
    const read = readEmf(text);
    assert(read?.kind === 'bad', text);
    return read.reason;
  };
  assert.match(reasonOf(line({ Load: 'seven' })), /number/);
  assert.match(reasonOf(line({ Cluster: 1 })), /string/);
  assert.match(reasonOf(line({ _aws: { CloudWatchMetrics: [] } })), /Timestamp/);
  assert.match(reasonOf('{"_aws": '), /JSON/);
});

test('a minute has its statistics; one that is not over has none yet', () => {
  const store = new MetricStore();
  for (const value of [4, 8, 3]) store.put({ metric, value, atMs: 10 * minuteMs + value });
  const last = (statistic: 'Average' | 'Minimum' | 'Maximum' | 'Sum' | 'SampleCount') =>
    store.last(metric, statistic, 11 * minuteMs, { count: 1, range: 3 });
  assert.deepEqual(last('Average'), [5]);
  assert.deepEqual(last('Minimum'), [3]);
  assert.deepEqual(last('Maximum'), [8]);
  assert.deepEqual(last('Sum'), [15]);
  assert.deepEqual(last('SampleCount'), [3]);
  const early = { count: 1, range: 3 };
  assert.equal(store.last(metric, 'Sum', 11 * minuteMs - 1, early), undefined);
  const other = { ...metric, dimensions: { Cluster: 'B' } };
  assert.equal(store.last(other, 'Sum', 11 * minuteMs, early), undefined);
});

test('a minute without a figure is passed over, not a long silence', () => {
  const store = new MetricStore();
  for (const minute of [10, 11, 13]) store.put({ metric, value: minute, atMs: minute * minuteMs });
  const wanted = { count: 3, range: 5 };
  assert.deepEqual(store.last(metric, 'Sum', 14 * minuteMs, wanted), [10, 11, 13]);
  assert.equal(store.last(metric, 'Sum', 16 * minuteMs, wanted), undefined);
});

test('what the sweeper tells in its log is there to scale by', async (context) => {
  const { deployment, told } = await deployed(context);
  const { metrics, operator, stack } = deployment;
  const queue = stack
    .ofType('AWS::SQS::Queue')
    .find(({ logicalId }) => /^SweeperQueue/.test(logicalId));
  await callSigned({
    ...{ service: 'sqs', endpoint: operator.endpoints.sqs, credentials: operator },
    target: 'AmazonSQS.SendMessage',
    input: { QueueUrl: queue?.ref, MessageBody: JSON.stringify(sweeperMessage.tick) },
    signal: AbortSignal.timeout(5_000),
  });
  const { dimension, namespace, activeMembers } = fleetMetrics;
  const figure = { namespace, name: activeMembers, dimensions: { [dimension]: 'Etherfleet' } };
  await eventually(() => {
    const soonMs = Date.now() + minuteMs;
    const found = metrics.last(figure, 'Average', soonMs, { count: 1, range: 2 });
    return found?.[0] === 0 ? undefined : `${found}`;
  }, 10_000);
  assert.deepEqual(told, []);
});
