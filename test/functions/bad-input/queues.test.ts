import assert from 'node:assert/strict';
import { test } from 'node:test';
import { onMessage as onLifecycle } from '#functions/lifecycle/lifecycle.ts';
import { lifecycleMessage } from '#functions/lifecycle/message.ts';
import { onBatch } from '#functions/queue/batch.ts';
import { watchMessage } from '#functions/store/watch-message.ts';
import { sweeperMessages } from '#functions/sweeper/message.ts';
import { onMessage as onSweeper } from '#functions/sweeper/sweeper.ts';
import { watch } from '#functions/watchdog/watchdog.ts';
import { ControlPlane } from '../control-plane.ts';
import { sessionReport } from '../test-member.ts';
import { WatchedTable } from '../watched-table.ts';

type Handler = ReturnType<typeof onBatch>;

interface Stage {
  readonly plane: ControlPlane;
  readonly table: WatchedTable;
  readonly handlers: Readonly<Record<'watchdog' | 'lifecycle' | 'sweeper', Handler>>;
}

async function stage(): Promise<Stage> {
  const table = new WatchedTable();
  const plane = new ControlPlane(table);
  await plane.createHub('OFFICE', 'static');
  const member = await plane.startMember('i-1');
  await member.beat({ sessions: 1, opened: [sessionReport('OFFICE', 'SID-A-1', 'a')] });
  plane.queue.take();
  table.takeChanges();
  const { stores, group, queue, clock, random, log } = plane;
  const ports = { stores, group, queue, clock, log };
  return {
    plane,
    table,
    handlers: {
      watchdog: onBatch(log, (body) => watch({ ...ports, random }, watchMessage.decode(body))),
      lifecycle: onBatch(log, (body) => onLifecycle(ports, lifecycleMessage.decode(body))),
      sweeper: onBatch(log, (body) =>
        onSweeper({ ...ports, watchdogQueue: queue }, sweeperMessages.decode(body)),
      ),
    },
  };
}

const scaledIn = {
  'detail-type': 'EC2 Instance-terminate Lifecycle Action',
  detail: {
    EC2InstanceId: 'i-1',
    AutoScalingGroupName: 'group',
    LifecycleHookName: 'hook',
    LifecycleActionToken: 'token',
  },
};

/** Bodies nobody of ours wrote, or of another time. */
const garbage = ['', '{', 'null', '[]', '"text"', '7', '{}', `"${'x'.repeat(200_000)}"`];
const bodies: Readonly<Record<keyof Stage['handlers'], readonly unknown[]>> = {
  watchdog: [
    { memberId: 'i-1' },
    { memberId: '', epoch: 1 },
    { memberId: 7, epoch: 1 },
    { memberId: 'i-1', epoch: '1' },
    { memberId: 'i-1', epoch: 0 },
    { memberId: 'i-1', epoch: 1.5 },
    { memberId: 'i-1', epoch: 1, round: -1 },
    { memberId: 'i-1', epoch: 1, chain: 'x'.repeat(65) },
    { kind: 'tick' },
    scaledIn,
  ],
  lifecycle: [
    { ...scaledIn, 'detail-type': 'EC2 Instance Launch Unsuccessful' },
    { ...scaledIn, 'detail-type': 'EC2 Instance Launch Successful' },
    { 'detail-type': 'EC2 Instance State-change Notification', detail: { state: 'stopping' } },
    { 'detail-type': 'AWS API Call via CloudTrail', detail: { EC2InstanceId: 'i-1' } },
    { ...scaledIn, detail: { ...scaledIn.detail, EC2InstanceId: '' } },
    { ...scaledIn, detail: { ...scaledIn.detail, LifecycleActionToken: undefined } },
    { ...scaledIn, detail: { ...scaledIn.detail, LifecycleHookName: 7 } },
    { ...scaledIn, detail: [] },
    { 'detail-type': 'EC2 Spot Instance Interruption Warning', detail: {} },
    { kind: 'leave', action: { memberId: 'i-1' } },
    { kind: 'gone' },
    { kind: 'drain', memberId: 'i-1' },
    { Event: 'autoscaling:TEST_NOTIFICATION' },
  ],
  sweeper: [
    { kind: 'walk' },
    { kind: 'walk', startedMs: '1' },
    { kind: 'walk', startedMs: 1, after: { within: { hub: 'OFFICE' } } },
    { kind: 'sweep' },
    { 'detail-type': 'Scheduled Event', detail: {} },
    scaledIn,
  ],
};

for (const [name, wrong] of Object.entries(bodies)) {
  const which = name as keyof typeof bodies;
  test(`${name}: a body nobody of ours wrote fails by itself, and changes nothing`, async () => {
    const { handlers, plane, table } = await stage();
    const texts = [...garbage, ...wrong.map((body) => JSON.stringify(body))];
    const Records = texts.map((body, index) => ({ messageId: `m${index}`, body }));
    const { batchItemFailures } = await handlers[which]({ Records });
    assert.deepEqual(
      batchItemFailures.map(({ itemIdentifier }) => itemIdentifier),
      Records.map(({ messageId }) => messageId),
    );
    const named = plane.log.of('message.failed');
    assert.equal(named.length, texts.length);
    for (const { messageId, reason, error } of named) {
      assert.match(String(messageId), /^m\d+$/);
      assert.match(String(reason), /^(ZodError|SyntaxError)$/);
      assert(String(error).length <= 4_000);
    }
    assert.deepEqual(table.takeChanges(), []);
    assert.deepEqual(plane.queue.take(), []);
  });

  test(`${name}: what SQS never sends fails the invocation`, async () => {
    const { handlers } = await stage();
    for (const event of [undefined, null, {}, { Records: 'none' }, { Records: [{}] }]) {
      await assert.rejects(handlers[which](event), { name: 'ZodError' });
    }
  });
}

test('a good message among bad ones is carried out', async () => {
  const { handlers, plane, table } = await stage();
  const good = watchMessage.begin({ memberId: plane.stores && ('i-1' as never), epoch: 1 });
  const Records = ['{', good, '{}'].map((body, index) => ({ messageId: `m${index}`, body }));
  const { batchItemFailures } = await handlers.watchdog({ Records });
  assert.deepEqual(
    batchItemFailures.map(({ itemIdentifier }) => itemIdentifier),
    ['m0', 'm2'],
  );
  assert.equal(plane.queue.take().length, 1, 'it is watched on');
  assert.deepEqual(table.takeChanges(), []);
});

test('messages of unknown members, other epochs and other walks change nothing', async () => {
  const { handlers, plane, table } = await stage();
  const spot = { 'detail-type': 'EC2 Spot Instance Interruption Warning' };
  const messages: [keyof typeof handlers, unknown][] = [
    ['watchdog', { memberId: 'i-9', epoch: 1 }],
    ['watchdog', { memberId: 'i-1', epoch: 99 }],
    ['watchdog', { memberId: 'i-1#STATE', epoch: 1 }],
    ['watchdog', { memberId: 'i-1', epoch: 1, chain: 'foreign', after: 'foreign', round: 3 }],
    ['lifecycle', { ...spot, detail: { 'instance-id': 'i-of-another-account' } }],
    ['sweeper', { kind: 'walk', startedMs: 1 }],
    ['sweeper', { kind: 'walk', startedMs: 2 ** 50, after: { behind: 'HUB#office' } }],
  ];
  for (const [which, body] of messages) {
    const Records = [{ messageId: 'm', body: JSON.stringify(body) }];
    const { batchItemFailures } = await handlers[which]({ Records });
    assert.deepEqual(batchItemFailures, [], JSON.stringify(body));
    assert.deepEqual(table.takeChanges(), [], JSON.stringify(body));
  }
  assert.deepEqual(plane.queue.take(), []);
});
