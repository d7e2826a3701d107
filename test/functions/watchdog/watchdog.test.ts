import assert from 'node:assert/strict';
import { test } from 'node:test';
import { onBatch } from '#functions/queue/batch.ts';
import { keyOf } from '#functions/store/keys.ts';
import { watchMessage } from '#functions/store/watch-message.ts';
import { timing } from '#shared/contract/timing.ts';
import { memberId } from '#shared/kernel/ids.ts';
import { MemoryTable } from '#test/support/memory-table.ts';
import { ControlPlane } from '../control-plane.ts';
import { EventLog } from '../doubles.ts';
import { FaultyTable, InvocationDied } from '../faulty-table.ts';
import type { TestMember } from '../test-member.ts';

const id = memberId('i-a');

async function watched(others = 1) {
  const table = new FaultyTable(new MemoryTable());
  const plane = new ControlPlane(table);
  const peers: TestMember[] = [];
  for (let peer = 1; peer <= others; peer += 1) peers.push(await plane.startMember(`i-p${peer}`));
  plane.clock.advance(1);
  plane.queue.take();
  const member = await plane.startMember('i-a');
  const pass = async (ms: number): Promise<void> => {
    for (let rest = ms; rest > 0; rest -= 2_000) {
      plane.clock.advance(Math.min(rest, 2_000));
      for (const peer of peers) await peer.beat();
    }
  };
  const stateOf = async () => (await plane.stores.members.get(id))?.state;
  return { plane, table, member, pass, stateOf };
}

test('a live member is looked at again when its lease should have ended', async () => {
  const { plane, member, pass, stateOf } = await watched();
  await pass(6_000);
  await member.beat();
  await pass(3_000);
  await plane.deliverWatches();
  assert.equal(await stateOf(), 'active');
  const [next] = plane.queue.take();
  assert.equal(next?.delaySeconds, (timing.leaseTtlMs - 3_000 + 1_000) / 1_000);
  const sent = watchMessage.decode(next?.body ?? '');
  assert.deepEqual(sent, { memberId: 'i-a', epoch: 1, chain: '', round: 1 });
});

test('a silent member is called lost once, and is listed for an hour', async () => {
  const { plane, pass, stateOf } = await watched();
  await pass(9_000);
  await plane.deliverWatches();
  assert.equal(await stateOf(), 'lost');
  assert.equal((await plane.stores.members.get(id))?.epoch, 2);
  assert.equal(plane.log.of('member.lost').length, 1);

  await plane.deliverWatches();
  assert.equal(plane.log.of('member.lost').length, 1);
  assert.equal((await plane.stores.sweeps.walks()).requests, 1, 'its sessions are over');
  assert.deepEqual(plane.group.unhealthy, [], 'it may come back and keep its machine');
  await pass(60_000);
  await plane.deliverWatches();
  assert.deepEqual(plane.group.unhealthy, [id]);
  assert.equal(plane.queue.sent[0]?.delaySeconds, 240, 'the longest that is not old');
  assert((await plane.stores.members.ids()).includes(id));
  plane.clock.advance(3_600_000);
  await plane.deliverWatches();
  assert(!(await plane.stores.members.ids()).includes(id));
  assert.deepEqual(plane.queue.sent, [], 'nothing is left to watch');
});

test('a process stays lost, its machine serves on: it is said, nothing is replaced', async () => {
  const { plane, pass, stateOf } = await watched();
  const second = await plane.startMember('i-a.1');
  const both = async (ms: number): Promise<void> => {
    for (let rest = ms; rest > 0; rest -= 2_000) {
      await pass(2_000);
      await second.beat();
    }
  };
  await both(10_000);
  await plane.deliverWatches();
  assert.equal(await stateOf(), 'lost');
  await both(62_000);
  await plane.deliverWatches();
  assert.deepEqual(plane.group.unhealthy, []);
  assert.equal(plane.log.of('member.missing')[0]?.['member'], 'i-a');
  await pass(10_000);
  await plane.deliverWatches(); // the second is called lost as well
  assert.deepEqual(plane.group.unhealthy, ['i-a'], 'the first one’s watch notices');
  await pass(62_000);
  await plane.deliverWatches();
  assert.deepEqual(new Set(plane.group.unhealthy), new Set(['i-a']), 'by the machine’s name');
});

test('the watch of a member that joined anew is that of its new epoch alone', async () => {
  const { plane, member, pass, stateOf } = await watched();
  await member.join();
  await member.beat();
  assert.equal(plane.queue.sent.length, 2);
  await pass(2_000);
  await plane.deliverWatches();
  assert.equal(plane.queue.sent.length, 1);
  assert.equal(await stateOf(), 'active');
});

test('a member that joins while it is being forgotten stays listed', async () => {
  const { plane, table, member, pass } = await watched();
  await pass(9_000);
  await plane.deliverWatches();
  plane.clock.advance(3_600_000);
  table.before = async ({ operation, key }) => {
    if (operation !== 'delete' || key.pk !== keyOf.fleet(id).pk) return;
    table.before = async () => undefined;
    await member.join();
  };
  await plane.deliverWatches();
  assert((await plane.stores.members.ids()).includes(id));
});

test('when all are silent, none is called lost (I10)', async () => {
  const { plane, member, stateOf } = await watched(0);
  plane.clock.advance(30_000);
  await plane.deliverWatches();
  assert.equal(await stateOf(), 'active');
  assert.equal(plane.queue.sent.length, 1, 'it is looked at again');
  await member.beat();
  assert.equal(await stateOf(), 'active');
});

test('a drained member leaves the list', async () => {
  const { plane, member } = await watched();
  member.observed = { ...member.observed, state: 'draining' };
  await member.beat();
  await plane.deliverWatches();
  assert(!(await plane.stores.members.ids()).includes(id));
});

test('a death after calling a member lost: the message comes again and goes on', async () => {
  const { plane, table, pass, stateOf } = await watched();
  await pass(9_000);
  const [message] = plane.queue.sent;
  table.diesAfter = ({ key }) => key.sk === 'STATE';
  await assert.rejects(plane.deliverWatches(), InvocationDied);
  table.diesAfter = () => false;
  assert.equal(await stateOf(), 'lost');
  assert.deepEqual(plane.queue.sent, []);
  plane.queue.sent = message ? [message] : [];
  await plane.deliverWatches();
  assert.equal(plane.queue.sent.length, 1, 'to be forgotten in time');
});

test('a message that comes twice changes nothing twice', async () => {
  const { plane, pass } = await watched();
  await pass(9_000);
  plane.queue.sent = [...plane.queue.sent, ...plane.queue.sent];
  await plane.deliverWatches();
  assert.equal(plane.log.of('member.lost').length, 1);
  assert.equal((await plane.stores.members.get(id))?.epoch, 2);
});

test('of a batch only the messages that failed come again, and the log says why', async () => {
  const log = new EventLog();
  const handle = onBatch(log, async (body) => {
    if (body === 'bad') throw new Error('the table is away');
  });
  const Records = ['good', 'bad', 'good'].map((body, index) => ({ messageId: `m${index}`, body }));
  assert.deepEqual(await handle({ Records }), { batchItemFailures: [{ itemIdentifier: 'm1' }] });
  assert.match(String(log.of('message.failed')[0]?.['error']), /the table is away/);
});

test('a message nobody of ours wrote fails rather than being dropped', async () => {
  const handle = onBatch(new EventLog(), async (body) => void watchMessage.decode(body));
  for (const body of ['', '{', '{}', '{"memberId":"i-a"}', '{"memberId":"i-a","epoch":0}']) {
    const result = await handle({ Records: [{ messageId: 'm', body }] });
    assert.equal(result.batchItemFailures.length, 1, body);
  }
});
