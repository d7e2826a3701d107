import assert from 'node:assert/strict';
import {
  appendFileSync,
  cpSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { AdminClient } from '#cdk/local/admin-client.ts';
import { callSigned } from '#cdk/local/aws/signed-call.ts';
import { synthesized } from '../template.ts';
import { type Deployed, dataFolder, deployed, type Resources, resourceOf } from './deployed.ts';

const queueType = 'AWS::SQS::Queue';
const tableType = 'AWS::DynamoDB::Table';

/** What the template was before it was as it is. */
function older(resources: Resources): void {
  resources['FormerQueue'] = { Type: queueType, Properties: {} };
  const admin = resourceOf(resources, 'AWS::Lambda::Function', 'Admin');
  const { Variables: variables } = admin.Properties['Environment'] as { Variables: object };
  admin.Properties['Environment'] = { Variables: { ...variables, FORMER: 'yes' } };
  admin.Properties['MemorySize'] = 192;
  admin.Properties['Code'] = { S3Bucket: 'assets', S3Key: 'older.zip' };
  const work = resourceOf(resources, queueType, 'WatchdogQueue');
  work.Properties['VisibilityTimeout'] = 400;
  const rule = resourceOf(resources, 'AWS::Events::Rule', 'SweeperEachDay');
  rule.Properties['ScheduleExpression'] = 'rate(7 days)';
}

function newer(resources: Resources): void {
  resources['FreshQueue'] = { Type: queueType, Properties: {} };
}

/** The admin function's bundle with another content, which runs as well. */
async function olderBundle(): Promise<string> {
  const { assembly, functionCalled } = await synthesized();
  const { S3Key: key } = functionCalled('admin').properties['Code'] as { S3Key: string };
  const folder = assembly.assetDirectory(key);
  const copy = join(mkdtempSync(join(tmpdir(), 'etherfleet-older-')), 'bundle');
  cpSync(folder, copy, { recursive: true });
  appendFileSync(join(copy, 'index.mjs'), '\n// as it was\n');
  return copy;
}

const sqs = (
  { deployment }: Deployed,
  queue: string,
  operation: string,
  input: Record<string, unknown> = {},
): Promise<unknown> => {
  const { operator, stack } = deployment;
  const found = stack.ofType(queueType).find(({ logicalId }) => logicalId.startsWith(queue));
  return callSigned({
    ...{ service: 'sqs', endpoint: operator.endpoints.sqs, credentials: operator },
    target: `AmazonSQS.${operation}`,
    input: { QueueUrl: found?.ref, ...input },
    signal: AbortSignal.timeout(5_000),
  });
};
const received = async (cloud: Deployed, queue: string): Promise<string[]> => {
  const { Messages: messages = [] } = (await sqs(cloud, queue, 'ReceiveMessage')) as {
    Messages?: { Body: string }[];
  };
  return messages.map(({ Body }) => Body);
};
const adminOf = ({ deployment, port }: Deployed): AdminClient =>
  new AdminClient({ address: '127.0.0.1', port }, deployment.certPem, 'test-pw');

test('an older template is upgraded: hubs, users, secrets and messages stay', async (context) => {
  const data = dataFolder();
  const bundles = { 'older.zip': await olderBundle() };
  const before = await deployed(context, { data, change: older, bundles });
  const admin = adminOf(before);
  await admin.call('CreateHub', { HubName_str: 'office', HubType_u32: 2, Online_bool: true });
  const user = { HubName_str: 'office', Name_str: 'ada', AuthType_u32: 1 };
  await admin.call('CreateUser', { ...user, Auth_Password_str: 'secret' });
  admin.close();
  await sqs(before, 'WatchdogQueue', 'SendMessage', { MessageBody: 'later', DelaySeconds: 600 });
  await sqs(before, 'WatchdogDeadLetters', 'SendMessage', { MessageBody: 'dead' });
  await sqs(before, 'FormerQueue', 'SendMessage', { MessageBody: 'lost' });
  const secrets = readFileSync(join(data, 'secrets.json'), 'utf8');
  const certificates = readFileSync(join(data, 'certificates.json'), 'utf8');
  await before.stop();

  const now = await deployed(context, { data, change: newer });
  const client = adminOf(now);
  const hubs = JSON.stringify(await client.call('EnumHub'));
  assert.match(hubs, /"HubName_str":"office"/);
  assert.match(JSON.stringify(await client.call('EnumUser', user)), /"Name_str":"ada"/);
  client.close();
  assert.deepEqual(await received(now, 'WatchdogDeadLetters'), ['dead']);
  const { Attributes } = (await sqs(now, 'WatchdogQueue', 'GetQueueAttributes', {
    AttributeNames: ['All'],
  })) as { Attributes: Record<string, string> };
  assert.equal(Attributes['ApproximateNumberOfMessagesDelayed'], '1', 'due when it was');
  assert.notEqual(Attributes['VisibilityTimeout'], '400', 'the queue is as the template says now');
  assert.deepEqual(await received(now, 'FreshQueue'), []);
  assert.equal(readFileSync(join(data, 'secrets.json'), 'utf8'), secrets);
  assert.equal(readFileSync(join(data, 'certificates.json'), 'utf8'), certificates);
  assert.deepEqual(now.told, [
    'queues: FormerQueue is gone from the template, and 1 messages with it',
  ]);
});

test('another key of the table is refused, with what to do; the data stays', async (context) => {
  const data = dataFolder();
  const before = await deployed(context, { data });
  const admin = adminOf(before);
  await admin.call('CreateHub', { HubName_str: 'office', HubType_u32: 2, Online_bool: true });
  admin.close();
  await before.stop();
  const rekeyed = (resources: Resources): void => {
    const { Properties: table } = resourceOf(resources, tableType);
    table['KeySchema'] = [{ AttributeName: 'pk', KeyType: 'HASH' }];
    table['AttributeDefinitions'] = [{ AttributeName: 'pk', AttributeType: 'S' }];
  };
  await assert.rejects(deployed(context, { data, change: rekeyed }), {
    name: 'StartError',
    message: /other keys or indexes.*start with another --data DIR/,
  });
  const again = await deployed(context, { data });
  const client = adminOf(again);
  assert.match(JSON.stringify(await client.call('EnumHub')), /"office"/);
  client.close();
});

test('messages as an older version kept them are taken over, once', async (context) => {
  const data = dataFolder();
  const { called } = await synthesized();
  const { id } = called(queueType, 'WatchdogDeadLetters');
  writeFileSync(join(data, 'queues.json'), JSON.stringify({ [id]: ['one', 'two'] }));
  const first = await deployed(context, { data });
  assert.equal(existsSync(join(data, 'queues.json')), false);
  await first.stop();
  const second = await deployed(context, { data });
  const found = [
    ...(await received(second, 'WatchdogDeadLetters')),
    ...(await received(second, 'WatchdogDeadLetters')),
  ];
  assert.deepEqual(found.sort(), ['one', 'two']);
});

test('a file of another version is refused by name, never passed over', async (context) => {
  for (const [name, text] of [
    ['queues.log', '{"format":2}\n{"deleted":"1"}\n'],
    ['queues.json', '["one"]'],
    ['secrets.json', '{"arn":1}'],
    ['certificates.json', 'PEM'],
  ] as const) {
    const data = dataFolder();
    writeFileSync(join(data, name), text);
    await assert.rejects(deployed(context, { data }), {
      name: 'StartError',
      message: new RegExp(`${name}.* is not as this version writes it.*--data DIR`, 's'),
    });
    assert.equal(readFileSync(join(data, name), 'utf8'), text, 'and left as it was');
  }
});
