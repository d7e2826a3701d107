import assert from 'node:assert/strict';
import { appendFileSync, mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { z } from 'zod';
import { MessageJournal } from '#cdk/local/aws/message-journal.ts';
import { callerRole, type LocalAws, startLocalAws } from './local-aws.ts';

const emptyFile = (): string => join(mkdtempSync(join(tmpdir(), 'etherfleet-journal-')), 'q.log');
const received = z.object({
  Messages: z.array(z.object({ Body: z.string(), ReceiptHandle: z.string() })).default([]),
});

async function startQueues(context: TestContext, path: string): Promise<LocalAws> {
  const operations = ['SendMessage', 'ReceiveMessage', 'DeleteMessage', 'PurgeQueue'];
  const actions = operations.map((operation) => `sqs:${operation}`);
  const Resources = {
    Queue: { Type: 'AWS::SQS::Queue' },
    Other: { Type: 'AWS::SQS::Queue' },
    ...callerRole(actions, '*'),
  };
  return startLocalAws(context, 'sqs', { Resources }, path);
}

/** Calls on one queue, by what they do to it. */
function callsOn(aws: LocalAws, index = 0) {
  const QueueUrl = aws.stack.ofType('AWS::SQS::Queue')[index]?.ref;
  const call = (operation: string, input: object): Promise<unknown> =>
    aws.call(`AmazonSQS.${operation}`, { QueueUrl, ...input });
  return {
    send: (MessageBody: string, DelaySeconds = 0) =>
      call('SendMessage', { MessageBody, DelaySeconds }),
    call,
    receive: async (MaxNumberOfMessages = 10) =>
      received.parse(await call('ReceiveMessage', { MaxNumberOfMessages })).Messages,
  };
}

test('what was sent and not deleted is there in the next run, due when it was', async (context) => {
  const path = emptyFile();
  const first = await startQueues(context, path);
  const queue = callsOn(first);
  await queue.send('handled');
  const [handled] = await queue.receive();
  await queue.call('DeleteMessage', { ReceiptHandle: handled?.ReceiptHandle });
  await queue.send('under way');
  await queue.receive();
  await queue.call('SendMessageBatch', {
    Entries: [
      { Id: '1', MessageBody: 'later', DelaySeconds: 600 },
      { Id: '2', MessageBody: 'waiting' },
    ],
  });
  await first.sqs?.send(first.stack.ofType('AWS::SQS::Queue')[1]?.ref ?? '', 'event');

  const second = await startQueues(context, path); // the first one never stopped: it was killed
  const bodies = (await callsOn(second).receive()).map(({ Body }) => Body);
  assert.deepEqual(bodies.sort(), ['under way', 'waiting'], 'the later one is not due');
  assert.deepEqual(await second.sqs?.contents(), {
    Other: ['event'],
    Queue: ['later', 'under way', 'waiting'],
  });
  const [one] = (await callsOn(second, 1).receive()) ?? [];
  await callsOn(second, 1).call('DeleteMessageBatch', {
    Entries: [{ Id: 'a', ReceiptHandle: one?.ReceiptHandle }],
  });

  const third = await startQueues(context, path);
  const left = await third.sqs?.contents();
  assert.deepEqual(left?.['Other'], []);
  assert.equal(left?.['Queue']?.length, 3);
});

test('what was purged does not come back in the next run', async (context) => {
  const path = emptyFile();
  const first = await startQueues(context, path);
  await callsOn(first).send('purged');
  await callsOn(first).send('and this, though it is not due', 600);
  await callsOn(first, 1).send('another queue’s');
  await callsOn(first).call('PurgeQueue', {});
  const second = await startQueues(context, path);
  assert.deepEqual(await second.sqs?.contents(), { Other: ['another queue’s'], Queue: [] });
});

test('the last line was cut off by the kill: all before it counts', () => {
  const path = emptyFile();
  const { journal } = MessageJournal.read(path);
  journal.begin();
  journal.sent('1', { queue: 'Queue', body: 'one', dueMs: 0 });
  journal.close();
  appendFileSync(path, '{"id":"2","queue":"Queue","bo');
  assert.deepEqual(
    MessageJournal.read(path).left.map(({ body }) => body),
    ['one'],
  );
});

test('a deletion may be written before its message; the file does not grow for ever', () => {
  const path = emptyFile();
  const { journal } = MessageJournal.read(path);
  journal.begin();
  journal.deleted('1');
  journal.sent('1', { queue: 'Queue', body: 'one', dueMs: 0 });
  assert.deepEqual(MessageJournal.read(path).left, []);
  for (let number = 0; number < 12_000; number += 1) {
    journal.sent(`m${number}`, { queue: 'Queue', body: 'x', dueMs: 0 });
    journal.deleted(`m${number}`);
  }
  journal.sent('last', { queue: 'Queue', body: 'last', dueMs: 0 });
  journal.close();
  assert(readFileSync(path, 'utf8').split('\n').length < 10_000);
  assert.equal(MessageJournal.read(path).left.length, 1);
});
