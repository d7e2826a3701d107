import assert from 'node:assert/strict';
import { test } from 'node:test';
import { keyOf } from '#functions/store/keys.ts';
import { is } from '#functions/store/table.ts';
import { watchMessage } from '#functions/store/watch-message.ts';
import { agentRoutes } from '#shared/contract/routes.ts';
import { timing } from '#shared/contract/timing.ts';
import { memberId } from '#shared/kernel/ids.ts';
import { MemoryTable } from '#test/support/memory-table.ts';
import { ControlPlane } from '../control-plane.ts';
import { FaultyTable } from '../faulty-table.ts';
import { TestMember } from '../test-member.ts';

test('a member joins at epoch 1, and each time it joins again one higher', async () => {
  const plane = new ControlPlane();
  const member = new TestMember(plane, 'i-0abc', {});
  assert.deepEqual(await member.join(), { memberId: 'i-0abc', epoch: 1, timing });
  assert.equal((await member.join()).epoch, 2);
  const stored = await plane.stores.members.get(member.memberId);
  assert.equal(stored?.state, 'joining');
  assert.equal(stored?.leaseExpiresMs, plane.clock.nowMs() + timing.leaseTtlMs);
  assert.deepEqual(await plane.stores.members.ids(), ['i-0abc']);
});

test('a join puts the member under watch for its epoch, after the lease', async () => {
  const plane = new ControlPlane();
  await new TestMember(plane, 'i-a', {}).join();
  const sent = plane.queue.take();
  assert.equal(sent.length, 1);
  assert.equal(sent[0]?.delaySeconds, 9);
  const first = watchMessage.decode(sent[0]?.body ?? '');
  assert.deepEqual(first, { memberId: 'i-a', epoch: 1, chain: '', round: 0 });
});

test('the queue is away: a member joins all the same, and this is said', async () => {
  const plane = new ControlPlane();
  plane.queue.send = async () => {
    throw new Error('SQS is away');
  };
  const member = await plane.startMember('i-a');
  assert.equal((await plane.stores.members.get(member.memberId))?.state, 'active');
  const [said] = plane.log.of('watch.not-begun');
  assert.deepEqual([said?.['member'], said?.['error']], ['i-a', 'Error: SQS is away']);
});

test('who calls is who its credentials say, and only instances are members', async () => {
  const plane = new ControlPlane();
  const member = new TestMember(plane, 'i-a', {});
  for (const arn of [
    '',
    'arn:aws:iam::123456789012:user/i-a',
    'arn:aws:sts::123456789012:assumed-role/Admin/alice',
    'arn:aws:sts::123456789012:assumed-role/Member/i-a/x',
    'arn:aws:sts::123456789012:assumed-role/Member/xi-a',
  ]) {
    const reply = await member.post(agentRoutes.join, member.request, arn);
    assert(reply.kind === 'problem' && reply.status === 403, arn);
    assert.equal(reply.problem.kind, 'not-a-member');
  }
  assert.deepEqual(await plane.stores.members.ids(), []);
});

test('a machine’s processes are members each, by their number', async () => {
  const plane = new ControlPlane();
  const first = await plane.startMember('i-a');
  const second = await plane.startMember('i-a.1', { ports: [992], processes: 2 });
  assert.deepEqual((await plane.stores.members.ids()).toSorted(), ['i-a', 'i-a.1']);
  const stored = await plane.stores.members.get(second.memberId);
  assert.deepEqual([stored?.ports, stored?.processes, stored?.epoch], [[992], 2, 1]);
  assert.equal((await second.join()).epoch, 2);
  await second.beat();
  assert.equal((await plane.stores.members.get(first.memberId))?.epoch, 1, 'each its own');
  await first.beat();
});

test('a machine can be its own members only, whatever it says', async () => {
  const plane = new ControlPlane();
  const other = await plane.startMember('i-b');
  const liar = new TestMember(plane, 'i-a', {});
  const claims: unknown[] = [-1, 0.5, 64, 1e9, '1', '../i-b', 'i-b', null, [1], Number.NaN];
  for (const process of claims) {
    const reply = await liar.post(agentRoutes.join, { ...liar.request, process });
    assert(reply.kind === 'problem' && reply.status === 400, JSON.stringify(process));
    assert.match(reply.problem.detail, /^process: /);
  }
  const outOfBounds = await liar.post(agentRoutes.join, { ...liar.request, process: 64 });
  assert(outOfBounds.kind === 'problem');
  assert.match(outOfBounds.problem.detail, /a machine's processes are numbered from 0 to 63/);
  // Fields that are not asked for are not looked at; arns are not made of ids.
  await liar.post(agentRoutes.join, { ...liar.request, memberId: 'i-b', machine: 'i-b' });
  const dotted = 'arn:aws:sts::123456789012:assumed-role/Member/i-b.1';
  const reply = await liar.post(agentRoutes.join, liar.request, dotted);
  assert(reply.kind === 'problem' && reply.problem.kind === 'not-a-member');
  assert.deepEqual((await plane.stores.members.ids()).toSorted(), ['i-a', 'i-b']);
  assert.equal((await plane.stores.members.get(other.memberId))?.epoch, 1);
});

test('bodies that are not the contract are invalid requests', async () => {
  const plane = new ControlPlane();
  const member = new TestMember(plane, 'i-a', {});
  const bodies: unknown[] = [
    '',
    '{',
    'null',
    '[]',
    {},
    { ...member.request, address: 'vpn.example.com' },
    { ...member.request, address: '::1' },
    { ...member.request, ports: [] },
    { ...member.request, ports: [0] },
    { ...member.request, processes: 65 },
    { ...member.request, weight: 0 },
    { ...member.request, certificate: 'no base64!' },
  ];
  for (const body of bodies) {
    const reply = await member.post(agentRoutes.join, body);
    assert(reply.kind === 'problem' && reply.status === 400, JSON.stringify(body));
    assert.equal(reply.problem.kind, 'invalid-request');
  }
  const large = await member.post(agentRoutes.join, ' '.repeat(1024 * 1024 + 1));
  assert(large.kind === 'problem' && large.problem.kind === 'invalid-request');
  const elsewhere = await member.post('/v1/nothing', {});
  assert(elsewhere.kind === 'problem' && elsewhere.status === 400);
});

test('a terminated member never comes back', async () => {
  const table = new MemoryTable();
  const plane = new ControlPlane(table);
  const member = new TestMember(plane, 'i-a', {});
  await member.join();
  await table.update(
    keyOf.member(member.memberId),
    { set: { state: 'terminated' } },
    is('epoch', 1),
  );
  const reply = await member.post(agentRoutes.join, member.request);
  assert(reply.kind === 'problem' && reply.status === 410 && reply.problem.kind === 'terminated');
});

test('two joins of one member at once: one is told to ask again', async () => {
  const plane = new ControlPlane();
  const member = new TestMember(plane, 'i-a', {});
  const replies = await Promise.all([
    member.post(agentRoutes.join, member.request),
    member.post(agentRoutes.join, member.request),
  ]);
  assert.deepEqual(replies.map(({ kind }) => kind).sort(), ['ok', 'problem']);
  const refused = replies.find(({ kind }) => kind === 'problem');
  assert(refused?.kind === 'problem' && refused.problem.kind === 'unavailable');
});

test('a death before the watch is set: the member asks again and is watched', async () => {
  const table = new FaultyTable(new MemoryTable());
  const plane = new ControlPlane(table);
  const member = new TestMember(plane, 'i-a', {});
  table.diesAfter = ({ key }) => key.sk === 'STATE';
  await assert.rejects(member.join());
  table.diesAfter = () => false;
  assert.deepEqual(plane.queue.take(), []);
  assert.equal((await member.join()).epoch, 2);
  assert.equal(plane.queue.take().length, 1);
});

test('a member the control plane drains stays draining when it joins again (I7)', async () => {
  const plane = new ControlPlane();
  const member = await plane.startMember('i-a');
  assert.equal(await plane.stores.members.beginDrain(memberId('i-a'), 5), 'draining');
  await member.join();
  assert.equal((await member.beat()).state, 'draining', 'it does not know yet');
  member.observed = { ...member.observed, state: 'draining' };
  assert.equal((await member.beat()).state, 'drained', 'it is empty');
});

test('a member that drained by itself may join again and is active', async () => {
  const plane = new ControlPlane();
  const member = await plane.startMember('i-a');
  member.observed = { ...member.observed, state: 'draining' };
  assert.equal((await member.beat()).state, 'drained');
  await member.join();
  member.observed = { ...member.observed, state: 'active' };
  assert.equal((await member.beat()).state, 'active');
});

test('a drain begins while its member joins anew: it drains all the same (I7)', async () => {
  const { plane, member, meanwhile } = await joiningAnew();
  meanwhile(() => plane.stores.members.beginDrain(memberId('i-a'), 5));
  await assert.rejects(member.join(), /unavailable/);
  await member.join();
  assert.equal((await plane.stores.members.get(memberId('i-a')))?.state, 'draining');
});

test('a machine ends while its member joins anew: it stays terminated', async () => {
  const { plane, member, meanwhile } = await joiningAnew();
  plane.clock.advance(timing.leaseTtlMs);
  meanwhile(() => plane.stores.members.markTerminated(memberId('i-a'), plane.clock.nowMs()));
  await assert.rejects(member.join(), /unavailable/);
  await assert.rejects(member.join(), /terminated/);
  assert.equal((await plane.stores.members.get(memberId('i-a')))?.state, 'terminated');
});

/** Something happens between what a join reads of its member and what it writes. */
async function joiningAnew() {
  const table = new FaultyTable(new MemoryTable());
  const plane = new ControlPlane(table);
  const member = await plane.startMember('i-a');
  const meanwhile = (action: () => Promise<unknown>): void => {
    table.before = async ({ operation, key }) => {
      if (operation !== 'put' || key.sk !== 'STATE') return;
      table.before = async () => undefined;
      await action();
    };
  };
  return { plane, member, meanwhile };
}
