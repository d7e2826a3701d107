import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { DynamoDb } from '#cdk/local/aws/dynamodb.ts';
import { lockFile } from '#cdk/local/lock-file.ts';
import { endLeftovers } from '#cdk/local/process/leftovers.ts';
import { isRunning, markOf } from '#cdk/local/process/started.ts';
import { Stack } from '#cdk/local/template/stack.ts';

test('a machine an earlier run left is ended; a stranger with its process id is not', async () => {
  const child = spawn('sleep', ['60'], { detached: true, stdio: 'ignore' });
  await once(child, 'spawn');
  const mark = markOf(child.pid ?? 0);
  endLeftovers([{ ...mark, started: 'another time' }]);
  assert.equal(isRunning(mark), true);
  const ended = once(child, 'exit');
  endLeftovers([mark]);
  await ended;
  assert.equal(isRunning(mark), false);
  endLeftovers([mark]); // and once more is no fault
});

test('what one cluster has is not for a second, but a dead one’s mark does not count', async () => {
  const path = join(mkdtempSync(join(tmpdir(), 'etherfleet-lock-')), 'cluster.pid');
  const lock = () => lockFile(path, (pid) => `${pid} has it: end it`);
  const other = spawn('sleep', ['60'], { stdio: 'ignore' });
  await once(other, 'spawn');
  writeFileSync(path, JSON.stringify(markOf(other.pid ?? 0)));
  await assert.rejects(lock(), { name: 'StartError', message: `${other.pid} has it: end it` });
  const ended = once(other, 'exit');
  other.kill('SIGKILL');
  await ended;
  const unlock = await lock();
  await unlock();
  writeFileSync(path, '{"pid":'); // its writer was killed
  await (await lock())();
});

test('a database is made anew if it was never complete, and kept otherwise', async () => {
  const folder = join(mkdtempSync(join(tmpdir(), 'etherfleet-table-')), 'dynamodb');
  const stack = (key: string): Stack =>
    new Stack(
      {
        Resources: {
          State: {
            Type: 'AWS::DynamoDB::Table',
            Properties: {
              AttributeDefinitions: [{ AttributeName: key, AttributeType: 'S' }],
              KeySchema: [{ AttributeName: key, KeyType: 'HASH' }],
              BillingMode: 'PAY_PER_REQUEST',
            },
          },
        },
      },
      { queueEndpoint: '', frontDoor: '127.0.0.1', functionUrl: () => '' },
      {},
    );
  const start = async (key: string): Promise<void> =>
    (await DynamoDb.start(stack(key), folder)).stop();
  await start('pk');
  await start('pk'); // as it was left
  await assert.rejects(start('other'), { name: 'StartError', message: /other keys or indexes/ });
  writeFileSync(`${folder}.creating`, ''); // as a first start that was killed leaves it
  await start('other');
});
