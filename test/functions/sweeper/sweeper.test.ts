import assert from 'node:assert/strict';
import { test } from 'node:test';
import { endedKeptMs } from '#functions/domain/sweep.ts';
import { keyOf } from '#functions/store/keys.ts';
import { always } from '#functions/store/table.ts';
import { watchMessage } from '#functions/store/watch-message.ts';
import { sweeperMessages } from '#functions/sweeper/message.ts';
import { onMessage } from '#functions/sweeper/sweeper.ts';
import { timing } from '#shared/contract/timing.ts';
import { hubName, memberId } from '#shared/kernel/ids.ts';
import { MemoryTable } from '#test/support/memory-table.ts';
import { ControlPlane } from '../control-plane.ts';
import { ManualQueue } from '../doubles.ts';
import { FaultyTable, InvocationDied } from '../faulty-table.ts';
import { sessionReport, type TestMember } from '../test-member.ts';

const id = memberId('i-a');
const tick = JSON.stringify({ kind: 'tick' });

interface Stage {
  readonly plane: ControlPlane;
  readonly queue: ManualQueue;
  readonly table: FaultyTable;
  readonly member: TestMember;
  readonly peer: TestMember;
  /** Time passes, and the peer's heartbeats with it. */
  pass(ms: number): Promise<void>;
  tell(body: string): Promise<void>;
  /** Deliver all steps of a walk; how many there were. */
  walk(): Promise<number>;
  stateOf(): Promise<string | undefined>;
  sessionsOf(hub: string): Promise<string[]>;
}

async function stage(): Promise<Stage> {
  const table = new FaultyTable(new MemoryTable());
  const plane = new ControlPlane(table);
  const peer = await plane.startMember('i-p');
  plane.clock.advance(1);
  const member = await plane.startMember('i-a');
  plane.queue.take(); // the watchdog's messages are lost
  const queue = new ManualQueue();
  const { stores, group, clock, log } = plane;
  const sweeper = { stores, group, queue, watchdogQueue: plane.queue, clock, log };
  const tell = (body: string) => onMessage(sweeper, sweeperMessages.decode(body));
  return {
    plane,
    queue,
    table,
    member,
    peer,
    tell,
    pass: async (ms) => {
      for (let rest = ms; rest > 0; rest -= 2_000) {
        plane.clock.advance(Math.min(rest, 2_000));
        await peer.beat();
      }
    },
    walk: async () => {
      let steps = 0;
      while (queue.sent.length > 0) {
        for (const { body } of queue.take()) {
          await tell(body);
          steps += 1;
        }
      }
      return steps;
    },
    stateOf: async () => (await stores.members.get(id))?.state,
    sessionsOf: async (hub) => {
      const names: string[] = [];
      for await (const session of stores.sessions.list(hubName(hub))) names.push(session.name);
      return names;
    },
  };
}

const lapseMs = timing.leaseTtlMs + 30_000;

test('a member no watchdog message caught is called lost, and is under watch again', async () => {
  const { plane, tell, pass, stateOf } = await stage();
  await pass(lapseMs - 2_000);
  await tell(tick);
  assert.equal(await stateOf(), 'active', 'the watchdog may still be on its way');
  await pass(2_000);
  await tell(tick);
  assert.equal(await stateOf(), 'lost');
  assert.equal(plane.log.of('member.unwatched').length, 1);
  assert.equal(plane.queue.sent.length, 1);
  await plane.deliverWatches();
  assert.equal((await plane.stores.sweeps.walks()).requests, 1, 'the watch goes on from here');
  await tell(tick);
  assert.equal(plane.log.of('member.unwatched').length, 1, 'once is enough');
});

test('when all are silent, none is called lost (I10)', async () => {
  const { plane, tell, stateOf } = await stage();
  plane.clock.advance(lapseMs);
  await tell(tick);
  assert.equal(await stateOf(), 'active');
});

test('it dies after putting the member under watch: nobody is unwatched', async () => {
  const { plane, table, tell, pass, stateOf } = await stage();
  await pass(lapseMs);
  table.diesAfter = ({ key }) => key.pk === 'MEMBER#i-a';
  await assert.rejects(tell(tick), InvocationDied);
  table.diesAfter = () => false;
  assert.equal(await stateOf(), 'lost');
  assert.equal(plane.queue.sent.length, 1);
});

test('a lost member whose watch is lost too has its machine replaced all the same', async () => {
  const { plane, tell, pass } = await stage();
  await pass(lapseMs);
  await plane.stores.members.markLost(id, 1, plane.clock.nowMs()); // by a login that needed its hub
  plane.queue.take(); // of the peer, whose watch is lost with it
  await pass(600_000);
  await tell(tick);
  assert.equal(plane.log.of('watch.restarted').length, 2, 'it and the peer');
  await plane.deliverWatches();
  assert.deepEqual(plane.group.unhealthy, [id]);
  assert.equal((await plane.stores.sweeps.walks()).requests, 1, 'its sessions are looked for');
});

test('a lost member that is watched is left to its watch for the hour it is listed', async () => {
  const { plane, tell, pass } = await stage();
  const member = await plane.stores.members.get(id);
  assert(member);
  await plane.queue.send(watchMessage.begin(member), 1);
  let waiting: { readonly body: string; readonly dueMs: number }[] = [];
  for (let passedMs = 0; passedMs < 3_600_000; passedMs += 2_000) {
    const nowMs = plane.clock.nowMs();
    for (const { body, delaySeconds } of plane.queue.take()) {
      waiting.push({ body, dueMs: nowMs + delaySeconds * 1_000 });
    }
    for (const { body, dueMs } of waiting) if (dueMs <= nowMs) await plane.queue.send(body, 0);
    waiting = waiting.filter(({ dueMs }) => dueMs > nowMs);
    await plane.deliverWatches();
    if (passedMs % 60_000 === 0) await tell(tick);
    await pass(2_000);
  }
  assert.equal((await plane.stores.members.get(id))?.state, 'lost');
  const restarted = plane.log.of('watch.restarted').filter(({ member }) => member === id);
  assert.deepEqual(restarted, []);
});

test('the lost and the drained leave the list though nobody watches them', async () => {
  const { plane, member, tell, pass } = await stage();
  member.observed = { ...member.observed, state: 'draining' };
  await member.beat();
  await pass(lapseMs);
  await tell(tick);
  assert.deepEqual(await plane.stores.members.ids(), ['i-p']);
});

test('a member still there a minute after its deadline has its machine replaced (I7)', async () => {
  const { plane, member, tell } = await stage();
  member.observed = { ...member.observed, sessions: 1, hubs: 1 };
  await plane.stores.members.beginDrain(id, plane.clock.nowMs() + 10_000);
  for (let passedMs = 0; passedMs < 70_000; passedMs += 2_000) {
    plane.clock.advance(2_000);
    await member.beat();
  }
  await tell(tick);
  assert.deepEqual(plane.group.unhealthy, [id]);
  assert.equal(plane.log.of('drain.overdue').length, 1);
});

test('a member with which it fails each minute is not in the way of the others', async () => {
  const { plane, member, tell, pass, walk } = await stage();
  await plane.stores.members.beginDrain(id, plane.clock.nowMs() + 10_000);
  const silent = await plane.startMember('i-z');
  for (let passedMs = 0; passedMs < 70_000; passedMs += 2_000) {
    await pass(2_000);
    await member.beat();
  }
  plane.group.reportUnhealthy = async () => {
    throw new Error('AccessDenied');
  };
  await plane.stores.sweeps.request();
  await assert.rejects(tell(tick), /AccessDenied/, 'the cause itself, which retries go by');
  assert.equal((await plane.stores.members.get(silent.memberId))?.state, 'lost');
  assert.equal(await walk(), 1);
  assert.match(JSON.stringify(plane.log.of('member.not-dealt-with')), /i-a.*AccessDenied/);
});

test('the sessions of the lost vanish, those of others stay', async () => {
  const { plane, member, peer, queue, tell, pass, walk, sessionsOf } = await stage();
  await plane.createHub('office', 'static');
  await member.beat({ opened: [sessionReport('office', 'SID-ADA-1', 'ada')] });
  await peer.beat({ opened: [sessionReport('office', 'SID-BEN-1', 'ben')] });
  await pass(timing.leaseTtlMs);
  await plane.stores.members.markLost(id, 1, plane.clock.nowMs());
  await plane.stores.sweeps.request();
  await tell(tick);
  assert.equal(queue.sent.length, 1);
  assert.equal(await walk(), 1);
  assert.deepEqual(await sessionsOf('office'), ['SID-ADA-1', 'SID-BEN-1'], 'told just then');
  await pass(endedKeptMs);
  await tell(tick);
  assert.equal(await walk(), 1);
  assert.deepEqual(await sessionsOf('office'), ['SID-BEN-1']);
  await tell(tick);
  assert.deepEqual(queue.sent, [], 'one walk for one request');
});

test('asked for thrice, one walk; asked for meanwhile, one more', async () => {
  const { plane, queue, tell, walk } = await stage();
  for (let times = 0; times < 3; times += 1) await plane.stores.sweeps.request();
  await tell(tick);
  await plane.stores.sweeps.request();
  await tell(tick);
  assert.equal(queue.sent.length, 1);
  await walk();
  plane.clock.advance(1);
  await tell(tick);
  assert.equal(queue.sent.length, 1);
  await walk();
  await tell(tick);
  assert.deepEqual(queue.sent, []);
});

test('a walk over many hubs and sessions takes bounded steps and misses nothing', async () => {
  const { plane, member, peer, tell, pass, walk, sessionsOf } = await stage();
  const hubs = Array.from({ length: 60 }, (_, index) => `hub-${index}`);
  for (const hub of hubs) {
    await plane.createHub(hub, 'static');
    await plane.stores.sessions.open(
      id,
      1,
      sessionReport(hub, 'SID-ADA-1', 'ada'),
      plane.clock.nowMs(),
    );
  }
  for (let index = 0; index < 2_300; index += 1) {
    const from = index % 10 === 0 ? peer : member;
    const report = sessionReport('hub-7', `SID-${index}`, 'ada');
    await plane.stores.sessions.open(from.memberId, 1, report, plane.clock.nowMs());
  }
  await pass(endedKeptMs);
  await plane.stores.members.markLost(id, 1, plane.clock.nowMs());
  await plane.stores.sweeps.request();
  await tell(tick);
  const steps = await walk();
  assert(steps >= 4, `${steps} steps: more than a step's share of sessions`);
  assert.equal((await sessionsOf('hub-7')).length, 230);
  for (const hub of hubs.filter((name) => name !== 'hub-7')) {
    assert.deepEqual(await sessionsOf(hub), [], hub);
  }
});

test('a walk that died on its way is begun again', async () => {
  const { plane, queue, tell, walk } = await stage();
  await plane.stores.sweeps.request();
  await tell(tick);
  assert.equal(queue.take().length, 1, 'its message is lost');
  plane.clock.advance(240_000);
  await tell(tick);
  assert.deepEqual(queue.sent, []);
  plane.clock.advance(60_001);
  await tell(tick);
  assert.equal(await walk(), 1);
});

test('a step of a walk that is over does nothing', async () => {
  const { plane, queue, tell, walk } = await stage();
  await plane.stores.sweeps.request();
  await tell(tick);
  const [step] = queue.sent;
  await walk();
  plane.clock.advance(1);
  await tell(step?.body ?? '');
  assert.deepEqual(queue.sent, []);
  assert.equal(plane.log.of('walk.finished').length, 1);
});

test('who joined anew keeps what survived; what did not is swept later', async () => {
  const { plane, member, tell, pass, walk, sessionsOf } = await stage();
  await plane.createHub('office', 'static');
  const survivor = sessionReport('office', 'SID-ADA-1', 'ada');
  await member.beat({ opened: [survivor, sessionReport('office', 'SID-BEN-1', 'ben')] });
  await member.join();
  await member.beat({ opened: [survivor] });
  await tell(tick);
  assert.equal(await walk(), 0, 'it may still be telling');
  for (let passedMs = 0; passedMs < 30_000; passedMs += 2_000) {
    await pass(2_000);
    await member.beat();
  }
  await tell(tick);
  assert.equal(await walk(), 1);
  for (let passedMs = 0; passedMs < endedKeptMs; passedMs += 2_000) {
    await pass(2_000);
    await member.beat();
  }
  await tell(tick);
  assert.equal(await walk(), 1, 'asked for by the one before');
  assert.deepEqual(await sessionsOf('office'), ['SID-ADA-1']);
});

test('a session that is told again while it is being swept stays', async () => {
  const { plane, table, member, tell, pass, walk, sessionsOf } = await stage();
  await plane.createHub('office', 'static');
  const report = sessionReport('office', 'SID-ADA-1', 'ada');
  await member.beat({ opened: [report] });
  await pass(endedKeptMs);
  await plane.stores.members.markLost(id, 1, plane.clock.nowMs());
  await plane.stores.sweeps.request();
  await tell(tick);
  table.before = async ({ operation }) => {
    if (operation !== 'delete') return;
    table.before = async () => undefined;
    await member.join();
    await member.beat({ opened: [report] });
  };
  await walk();
  assert.deepEqual(await sessionsOf('office'), ['SID-ADA-1']);
});

test('names that lead nowhere are struck off, after a minute', async () => {
  const { plane, table, tell, walk } = await stage();
  table.diesAfter = ({ key }) => key.pk === 'FLEET' || key.pk === 'DIRECTORY';
  await assert.rejects(plane.startMember('i-ghost'));
  await assert.rejects(plane.createHub('ghost', 'static'));
  table.diesAfter = () => false;
  await plane.stores.sweeps.request();
  await tell(tick);
  await walk();
  assert.equal((await plane.stores.members.ids()).length, 3);
  assert.equal(await plane.stores.hubs.count(), 1);
  plane.clock.advance(61_000);
  await plane.stores.sweeps.request();
  await tell(tick);
  await walk();
  assert.equal((await plane.stores.members.ids()).length, 2);
  assert.equal(await plane.stores.hubs.count(), 0);
});

test('a member that joins while its name is being struck off stays listed', async () => {
  const { plane, table, tell } = await stage();
  const ghost = memberId('i-ghost');
  await table.put(keyOf.fleet(ghost), { memberId: ghost, epoch: 1, listedMs: 1 }, always);
  table.before = async ({ operation }) => {
    if (operation !== 'delete') return;
    table.before = async () => undefined;
    await plane.startMember('i-ghost');
  };
  await tell(tick);
  assert((await plane.stores.members.ids()).includes(ghost));
});

test('a message nobody of ours wrote fails rather than being dropped', () => {
  for (const body of ['', '{}', '{"kind":"walk"}', '{"kind":"other"}']) {
    assert.throws(() => sweeperMessages.decode(body), body);
  }
});
