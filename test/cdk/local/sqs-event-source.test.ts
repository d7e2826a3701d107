import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { FunctionPool } from '#cdk/local/lambda/function-pool.ts';
import {
  handledMessages,
  parseEventSourceMapping,
  SqsEventSource,
} from '#cdk/local/lambda/sqs-event-source.ts';
import { systemClock, systemTimers } from '#cdk/local/system.ts';
import type { Template } from '#cdk/local/template/template.ts';
import { eventually } from '#test/support/eventually.ts';
import { callerRole, type LocalAws, startLocalAws } from './local-aws.ts';
import { fixtureFunction, startPool } from './pool.ts';

const queueArn = { 'Fn::GetAtt': ['Queue', 'Arn'] };
const pollerActions = ['sqs:ReceiveMessage', 'sqs:DeleteMessage', 'sqs:GetQueueAttributes'];

function template(actions: readonly string[], visibilitySeconds = 1): Template {
  return {
    Resources: {
      Dead: { Type: 'AWS::SQS::Queue' },
      Queue: {
        Type: 'AWS::SQS::Queue',
        Properties: {
          VisibilityTimeout: visibilitySeconds,
          RedrivePolicy: {
            deadLetterTargetArn: { 'Fn::GetAtt': ['Dead', 'Arn'] },
            maxReceiveCount: 2,
          },
        },
      },
      ...callerRole(actions, queueArn),
    },
  };
}

/** A queue whose messages go to the fixture, which fails those that begin with "bad". */
async function startSource(
  context: TestContext,
  actions: readonly string[],
  changes: {
    readonly pool?: Pick<FunctionPool, 'invoke'>;
    readonly poolOf?: (aws: LocalAws) => FunctionPool;
    readonly mapping?: object;
    readonly visibilitySeconds?: number;
  } = {},
): Promise<{ readonly aws: LocalAws; readonly troubles: readonly string[] }> {
  const aws = await startLocalAws(context, 'sqs', template(actions, changes.visibilitySeconds));
  const pool =
    changes.pool ?? changes.poolOf?.(aws) ?? startPool(context, fixtureFunction('echo')).pool;
  const troubles: string[] = [];
  const queue = aws.stack.called(
    'AWS::SQS::Queue',
    aws.stack.ofType('AWS::SQS::Queue')[1]?.ref ?? '',
  );
  const source = new SqsEventSource({
    mapping: parseEventSourceMapping({
      BatchSize: 10,
      EventSourceArn: queue.attribute('Arn'),
      FunctionName: 'echo',
      FunctionResponseTypes: ['ReportBatchItemFailures'],
      ...changes.mapping,
    }),
    queueUrl: queue.ref,
    endpoint: aws.endpoint,
    credentials: aws.credentials,
    pool,
    clock: systemClock,
    timers: systemTimers,
    onTrouble: (message) => troubles.push(message),
  });
  source.start();
  context.after(() => source.stop());
  return { aws, troubles };
}

test('handled messages are deleted; failed ones end as dead letters', async (context) => {
  const { aws, troubles } = await startSource(context, [...pollerActions, 'sqs:SendMessage']);
  const QueueUrl = aws.stack.ofType('AWS::SQS::Queue')[1]?.ref;
  for (const MessageBody of ['good 1', 'bad 1', 'good 2']) {
    await aws.call('AmazonSQS.SendMessage', { QueueUrl, MessageBody });
  }
  await eventually(async () => {
    const contents = await aws.sqs?.contents();
    const text = JSON.stringify(contents);
    return text === '{"Dead":["bad 1"],"Queue":[]}' ? undefined : text;
  }, 10_000);
  assert.deepEqual(troubles, []);
});

for (const missing of ['sqs:ReceiveMessage', 'sqs:GetQueueAttributes']) {
  test(`a function’s role without ${missing} is told so, as in AWS`, async (context) => {
    const granted = pollerActions.filter((action) => action !== missing);
    const { troubles } = await startSource(context, granted);
    const refusal = new RegExp(`AccessDenied.*${missing}`);
    await eventually(
      () =>
        troubles.some((trouble) => refusal.test(trouble))
          ? undefined
          : `only: ${troubles.join('; ')}`,
      5_000,
    );
  });
}

test('a batching window gathers what comes within it into one event', async (context) => {
  const batches: number[] = [];
  const pool = {
    invoke: async (event: unknown) => {
      batches.push((event as { Records: unknown[] }).Records.length);
      return { kind: 'answer', payload: 'null' } as const;
    },
  };
  const mapping = { BatchSize: 100, MaximumBatchingWindowInSeconds: 2 };
  const changes = { pool, mapping, visibilitySeconds: 30 };
  const { aws } = await startSource(context, [...pollerActions, 'sqs:SendMessage'], changes);
  const QueueUrl = aws.stack.ofType('AWS::SQS::Queue')[1]?.ref;
  for (let number = 0; number < 12; number += 1) {
    await aws.call('AmazonSQS.SendMessage', { QueueUrl, MessageBody: `${number}` });
  }
  await eventually(() => (batches.length > 0 ? undefined : 'no event'), 10_000);
  assert.deepEqual(batches, [12]);
});

test('a mapping that is not enabled brings nothing', async (context) => {
  const pool = { invoke: async () => assert.fail('it was invoked') };
  const mapping = { Enabled: false };
  const { aws } = await startSource(context, [...pollerActions, 'sqs:SendMessage'], {
    pool,
    mapping,
  });
  const QueueUrl = aws.stack.ofType('AWS::SQS::Queue')[1]?.ref;
  await aws.call('AmazonSQS.SendMessage', { QueueUrl, MessageBody: 'waits' });
  await new Promise((resolve) => setImmediate(resolve));
  assert.deepEqual((await aws.sqs?.contents())?.['Queue'], ['waits']);
});

/** A function that sends itself the next number through the queue that feeds it, from 0 on. */
async function startLoop(context: TestContext, mayLoop: boolean): Promise<LocalAws> {
  const actions = [...pollerActions, 'sqs:SendMessage'];
  const { aws } = await startSource(context, actions, {
    poolOf: ({ credentials, endpoint, stack }) => {
      const spec = fixtureFunction('again', { mayLoop });
      const environment = {
        ...spec.environment,
        QUEUE_URL: stack.ofType('AWS::SQS::Queue')[1]?.ref ?? '',
        AWS_ENDPOINT_URL_SQS: endpoint,
        AWS_REGION: 'eu-central-1',
        AWS_ACCESS_KEY_ID: credentials.accessKeyId,
        AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
        AWS_SESSION_TOKEN: credentials.sessionToken,
      };
      return startPool(context, { ...spec, environment }).pool;
    },
  });
  const QueueUrl = aws.stack.ofType('AWS::SQS::Queue')[1]?.ref;
  await aws.call('AmazonSQS.SendMessage', { QueueUrl, MessageBody: '0' });
  return aws;
}

test('a function in a loop with itself is stopped after sixteen rounds', async (context) => {
  const aws = await startLoop(context, false);
  await eventually(async () => {
    const text = JSON.stringify(await aws.sqs?.contents());
    return text === '{"Dead":["16"],"Queue":[]}' ? undefined : text;
  }, 15_000);
});

test('a function that may loop goes on', async (context) => {
  const aws = await startLoop(context, true);
  await eventually(async () => {
    const numbers = (await aws.sqs?.contents())?.['Queue'] ?? [];
    return numbers.some((number) => Number(number) > 20) ? undefined : numbers.join();
  }, 15_000);
});

test('a message beyond the queue’s limit is refused', async (context) => {
  const { aws } = await startSource(context, ['sqs:SendMessage'], { mapping: { Enabled: false } });
  const QueueUrl = aws.stack.ofType('AWS::SQS::Queue')[1]?.ref;
  const MessageBody = 'x'.repeat(1024 * 1024 + 1);
  await assert.rejects(
    aws.call('AmazonSQS.SendMessage', { QueueUrl, MessageBody }),
    /Invalid|must be/,
  );
});

test('Lambda’s reading of a batch answer', () => {
  const messages = [{ MessageId: 'a' }, { MessageId: 'b' }];
  const handled = (answer: unknown): string =>
    handledMessages(messages, JSON.stringify(answer))
      .map(({ MessageId }) => MessageId)
      .join('');
  const failures = (...ids: unknown[]): unknown => ({
    batchItemFailures: ids.map((itemIdentifier) => ({ itemIdentifier })),
  });
  assert.equal(handled(failures('a')), 'b');
  assert.equal(handled(failures()), 'ab');
  assert.equal(handled(null), 'ab');
  assert.equal(handled({}), 'ab');
  assert.equal(handled({ batchItemFailures: null }), 'ab');
  // What Lambda cannot make sense of fails the whole batch.
  assert.equal(handled(failures('c')), '');
  assert.equal(handled(failures(null)), '');
  assert.equal(handled('done'), '');
});
