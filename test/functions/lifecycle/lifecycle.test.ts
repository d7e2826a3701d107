import assert from 'node:assert/strict';
import { test } from 'node:test';
import { drainLimitMs } from '#functions/domain/drain.ts';
import { lifecycleMessage } from '#functions/lifecycle/message.ts';
import { timing } from '#shared/contract/timing.ts';
import { memberId } from '#shared/kernel/ids.ts';
import { InvocationDied } from '../faulty-table.ts';
import { becomeEmpty, gone, id, interrupted, scaledIn, stage, token } from './stage.ts';

test('a machine waits while its member drains, and goes when that is empty', async () => {
  const { plane, member, tell, look, stateOf } = await stage();
  await tell(scaledIn());
  assert.equal((await member.beat()).state, 'draining');
  assert.equal(await look(), 1);
  assert.equal(plane.group.extensions, 1);
  assert.deepEqual(plane.group.completed, []);
  await becomeEmpty(member);
  assert.equal(await stateOf(), 'drained');
  assert.equal(await look(), 1);
  assert.deepEqual(plane.group.completed, [token]);
  assert.equal(await stateOf(), 'terminated');
  assert.deepEqual(await plane.stores.members.ids(), []);
  assert.equal(await look(), 0, 'nothing is left to look at');
  assert.equal(plane.log.of('machine.released')[0]?.['reason'], 'drained');
});

test('the next look is due within 15 s, and well before the group loses patience', async () => {
  const { queue, tell } = await stage();
  await tell(scaledIn());
  assert.deepEqual(
    queue.take().map(({ delaySeconds }) => delaySeconds),
    [5],
  );
});

test('an event about a machine without a member lets it go at once', async () => {
  const { plane, queue, tell } = await stage();
  plane.group.waiting.add('token-2');
  await tell(scaledIn('i-never-joined', 'token-2'));
  assert.deepEqual(plane.group.completed, ['token-2']);
  assert.deepEqual(queue.sent, []);
});

test('the same event again changes nothing: same deadline, one completion (I12)', async () => {
  const { plane, member, tell, look } = await stage();
  await tell(scaledIn());
  const first = await plane.stores.members.get(id);
  plane.clock.advance(3_000);
  await tell(scaledIn());
  assert.deepEqual(await plane.stores.members.get(id), first);
  await becomeEmpty(member);
  assert.equal(await look(), 2);
  assert.deepEqual(plane.group.completed, [token]);
  await tell(scaledIn());
  assert.deepEqual(plane.group.completed, [token], 'it came once more after the end');
  assert.equal(await look(), 0);
});

test('a member the operator drains already goes no later than it was to', async () => {
  const { plane, tell } = await stage();
  const deadlineMs = plane.clock.nowMs() + 10_000;
  await plane.stores.members.beginDrain(id, deadlineMs);
  await tell(scaledIn());
  const member = await plane.stores.members.get(id);
  assert.equal(member?.drainDeadlineMs, deadlineMs);
  assert.equal(member?.drainCause, 'machine-scaled-in');
  assert.deepEqual(member?.lifecycle, { token, groupName: 'Group', hookName: 'Hook' });
});

test('at the deadline the machine goes, whatever its member does (I7)', async () => {
  const { plane, member, tell, look, stateOf } = await stage();
  await tell(scaledIn());
  for (let passedMs = 0; passedMs < drainLimitMs; passedMs += 5_000) {
    plane.clock.advance(5_000);
    await member.beat();
    if (passedMs + 5_000 < drainLimitMs) await look();
  }
  assert.deepEqual(plane.group.completed, []);
  await look();
  assert.deepEqual(plane.group.completed, [token]);
  assert.equal(await stateOf(), 'draining', 'it may still serve: its hubs are not free yet (I1)');
});

test('lost while it drains: its machine goes at once', async () => {
  const { plane, tell, look, stateOf } = await stage();
  await tell(scaledIn());
  plane.clock.advance(timing.leaseTtlMs);
  await look();
  assert.equal(plane.group.extensions, 0, 'nothing is heard of it: no more patience is asked for');
  await plane.stores.members.markLost(id, 1, plane.clock.nowMs());
  await look();
  assert.deepEqual(plane.group.completed, [token]);
  assert.equal(await stateOf(), 'lost', 'until the group says that its machine is gone');
});

test('the group did not wait any longer: nobody looks again', async () => {
  const { plane, tell, look } = await stage();
  await tell(scaledIn());
  plane.group.waiting.delete(token);
  assert.equal(await look(), 1);
  assert.equal(await look(), 0);
});

test('an agent that crashes in its drain joins as draining, and never after it', async () => {
  const { member, tell, look, stateOf } = await stage();
  await tell(scaledIn());
  await member.join();
  assert.equal(await stateOf(), 'draining');
  await becomeEmpty(member);
  assert.equal(await stateOf(), 'drained');
  await assert.rejects(member.join(), /terminated/, 'its machine is about to end');
  await look();
  await assert.rejects(member.join(), /terminated/);
});

test('a member the operator drained joins anew when somebody starts it', async () => {
  const { plane, member, stateOf } = await stage();
  await plane.stores.members.beginDrain(id, plane.clock.nowMs() + drainLimitMs);
  await becomeEmpty(member);
  assert.equal(await stateOf(), 'drained');
  await member.join();
  member.observed = { ...member.observed, state: 'active' };
  await member.beat();
  assert.equal(await stateOf(), 'active');
});

test('a Spot machine’s notice drains its member, which never joins again', async () => {
  const { plane, member, tell, look } = await stage();
  await tell(interrupted);
  await tell(interrupted);
  assert.equal((await member.beat()).state, 'draining');
  assert.equal(await look(), 0, 'EC2 does not wait');
  await becomeEmpty(member);
  await assert.rejects(member.join(), /terminated/);
  assert.equal((await plane.stores.members.get(id))?.state, 'drained');
});

test('a Spot notice for somebody else’s machine is nothing to us', async () => {
  const { plane, tell } = await stage();
  await tell(interrupted.replace('i-a', 'i-other'));
  assert.equal(plane.log.of('machine.interrupted').length, 0);
});

test('a machine is gone: no member is terminated while its lease stands (I1)', async () => {
  const { plane, queue, tell, look, stateOf } = await stage();
  await tell(gone);
  assert.equal(await stateOf(), 'active');
  assert.equal(queue.sent[0]?.delaySeconds, timing.leaseTtlMs / 1_000 + 1);
  plane.clock.advance(timing.leaseTtlMs + 1_000);
  assert.equal(await look(), 1);
  assert.equal(await stateOf(), 'terminated');
  assert.deepEqual(await plane.stores.members.ids(), []);
  await tell(gone);
  assert.equal(await look(), 0);
});

test('the end is told before the beginning: the machine goes, nothing drains', async () => {
  const { plane, queue, tell, stateOf } = await stage();
  plane.clock.advance(timing.leaseTtlMs);
  await tell(gone);
  await tell(scaledIn());
  assert.equal(await stateOf(), 'terminated');
  assert.deepEqual(plane.group.completed, [token]);
  assert.deepEqual(queue.sent, []);
});

test('a drained member joins anew while its machine is let go: it drains again first', async () => {
  const { plane, table, member, queue, tell, look, stateOf } = await stage();
  await plane.stores.members.beginDrain(id, plane.clock.nowMs() + drainLimitMs);
  await becomeEmpty(member);
  table.before = async () => {
    table.before = async () => undefined;
    await member.join();
  };
  await tell(scaledIn());
  assert.deepEqual(plane.group.completed, []);
  assert.equal(queue.sent.length, 1);
  await look();
  assert.equal(await stateOf(), 'draining');
});

test('a machine went before its member joined: a join that comes late is refused', async () => {
  const { plane, tell } = await stage();
  plane.group.waiting.add('token-2');
  await tell(scaledIn('i-b', 'token-2'));
  await assert.rejects(plane.startMember('i-b'), /terminated/);
  await tell(scaledIn('i-b', 'token-2'));
  assert.deepEqual(plane.group.completed, ['token-2']);
});

test('a member joins for the first time while its machine is let go: it drains first', async () => {
  const { plane, queue, table, tell, look } = await stage();
  plane.group.waiting.add('token-2');
  table.before = async () => {
    table.before = async () => undefined;
    await plane.startMember('i-b');
  };
  await tell(scaledIn('i-b', 'token-2'));
  assert.deepEqual(plane.group.completed, []);
  assert.equal(queue.sent.length, 1);
  await look();
  assert.equal((await plane.stores.members.get(memberId('i-b')))?.state, 'draining');
});

test('a lost member joins anew while its machine is let go: it drains first', async () => {
  const { plane, table, member, tell, look, stateOf } = await stage();
  plane.clock.advance(timing.leaseTtlMs);
  await plane.stores.members.markLost(id, 1, plane.clock.nowMs());
  table.before = async () => {
    table.before = async () => undefined;
    await member.join();
  };
  await tell(scaledIn());
  assert.deepEqual(plane.group.completed, []);
  await look();
  assert.equal(await stateOf(), 'draining');
});

test('a lost member’s machine was let go: a join that comes late is refused', async () => {
  const { plane, table, member, tell, stateOf } = await stage();
  plane.clock.advance(timing.leaseTtlMs);
  await plane.stores.members.markLost(id, 1, plane.clock.nowMs());
  table.repeats = () => true;
  await tell(scaledIn());
  assert.deepEqual(plane.group.completed, [token]);
  await assert.rejects(member.join(), /terminated/);
  assert.equal(await stateOf(), 'lost', 'its hubs are not free before its machine is gone (I1)');
});

test('it dies when the drain has begun: the event comes again and goes on', async () => {
  const { plane, queue, table, member, tell, look } = await stage();
  table.diesAfter = ({ key }) => key.pk === 'MEMBER#i-a';
  await assert.rejects(tell(scaledIn()), InvocationDied);
  table.diesAfter = () => false;
  assert.deepEqual(queue.sent, []);
  await tell(scaledIn());
  await becomeEmpty(member);
  assert.equal(await look(), 1);
  assert.deepEqual(plane.group.completed, [token]);
});

test('it dies when the machine was let go: the message comes again and ends it', async () => {
  const { plane, queue, table, member, tell, stateOf } = await stage();
  await tell(scaledIn());
  await becomeEmpty(member);
  const [message] = queue.take();
  table.diesAfter = ({ key }) => key.pk === 'MEMBER#i-a';
  await assert.rejects(tell(message?.body ?? ''), InvocationDied);
  table.diesAfter = () => false;
  await tell(message?.body ?? '');
  assert.equal(await stateOf(), 'terminated');
  assert.deepEqual(plane.group.completed, [token]);
  assert.deepEqual(await plane.stores.members.ids(), []);
});

test('an SDK that repeats its write changes nothing twice', async () => {
  const { plane, queue, table, tell } = await stage();
  table.repeats = () => true;
  await tell(scaledIn());
  assert.equal((await plane.stores.members.get(id))?.state, 'draining');
  assert.equal(queue.sent.length, 1);
});

test('a heartbeat between reading and writing loses neither', async () => {
  const { plane, table, member, tell } = await stage();
  table.before = async ({ operation, key }) => {
    if (operation !== 'update' || key.pk !== 'MEMBER#i-a') return;
    table.before = async () => undefined;
    await member.beat();
  };
  await tell(scaledIn());
  const stored = await plane.stores.members.get(id);
  assert.equal(stored?.state, 'draining');
  assert.equal(stored?.seq, member.seq);
});

test('an event of another form fails rather than being dropped', () => {
  const bodies = ['', '{}', scaledIn().replace('EC2InstanceId', 'Id'), '{"kind":"leave"}'];
  for (const body of bodies) assert.throws(() => lifecycleMessage.decode(body), body);
});
