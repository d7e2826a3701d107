import assert from 'node:assert/strict';
import { test } from 'node:test';
import { timing } from '#shared/contract/timing.ts';
import type { ControlPlane } from '../control-plane.ts';
import { sessionReport, type TestMember } from '../test-member.ts';
import { becomeEmpty, gone, id, interrupted, scaledIn, stage, token } from './stage.ts';

/** A second member on the same machine, with a session of its own. */
async function another(plane: ControlPlane, name = 'i-a.1'): Promise<TestMember> {
  const member = await plane.startMember(name);
  member.observed = { ...member.observed, sessions: 1, hubs: 1 };
  await member.beat({ opened: [sessionReport('lab', 'SID-BOB-1', 'bob')] });
  return member;
}

test('a machine of two drains both at once, and goes when both are empty', async () => {
  const { plane, member, tell, look, stateOf } = await stage();
  const second = await another(plane);
  const neighbour = await another(plane, 'i-a2');
  await tell(scaledIn());
  assert.equal((await member.beat()).state, 'draining');
  assert.equal((await second.beat()).state, 'draining');
  assert.equal((await neighbour.beat()).state, 'active', 'another machine of a similar name');
  await becomeEmpty(member);
  await look();
  assert.deepEqual(plane.group.completed, []);
  assert.equal(plane.group.extensions, 1, 'the other one is waited for');
  assert.equal(await stateOf(), 'drained');
  await assert.rejects(member.join(), /terminated/);
  await becomeEmpty(second);
  await look();
  assert.deepEqual(plane.group.completed, [token]);
  assert.equal(await stateOf(), 'terminated');
  assert.deepEqual(await plane.stores.members.ids(), ['i-a2']);
  assert.equal(await look(), 0);
});

test('of two on a machine one is lost, one drains: the machine waits for the one', async () => {
  const { plane, tell, look } = await stage();
  const second = await another(plane);
  await tell(scaledIn());
  plane.clock.advance(timing.leaseTtlMs);
  await second.beat();
  await plane.stores.members.markLost(id, 1, plane.clock.nowMs());
  await look();
  assert.deepEqual(plane.group.completed, []);
  await becomeEmpty(second);
  await look();
  assert.deepEqual(plane.group.completed, [token]);
  assert.equal(plane.log.of('machine.released')[0]?.['reason'], 'lost');
});

test('a process that joins while its machine is to go drains with it', async () => {
  const { plane, member, tell, look } = await stage();
  await tell(scaledIn());
  const second = await plane.startMember('i-a.1');
  assert.equal((await second.beat()).state, 'draining', 'as the machine’s first member does');
  await becomeEmpty(member);
  await look();
  assert.deepEqual(plane.group.completed, []);
  second.observed = { ...second.observed, state: 'draining' };
  await second.beat();
  await look();
  assert.deepEqual(plane.group.completed, [token]);
  await assert.rejects(second.join(), /terminated/);
  await assert.rejects(plane.startMember('i-a.2'), /terminated/, 'nor does a third');
});

test('only a later process ever joined: its machine waits for it, then for nobody', async () => {
  const { plane, tell, look } = await stage();
  plane.group.waiting.add('token-2');
  const second = await another(plane, 'i-b.1');
  await tell(scaledIn('i-b', 'token-2'));
  await becomeEmpty(second);
  await look();
  assert.deepEqual(plane.group.completed, ['token-2']);
  await assert.rejects(plane.startMember('i-b'), /terminated/);
  await assert.rejects(plane.startMember('i-b.2'), /terminated/);
});

test('both are lost, one joins anew while the machine is let go: it drains first', async () => {
  const { plane, table, tell, look } = await stage();
  const second = await another(plane);
  plane.clock.advance(timing.leaseTtlMs);
  for (const one of [id, second.memberId]) {
    await plane.stores.members.markLost(one, 1, plane.clock.nowMs());
  }
  table.before = async ({ operation, key }) => {
    if (operation !== 'update' || key.pk !== 'MEMBER#i-a') return;
    table.before = async () => undefined;
    await second.join();
  };
  await tell(scaledIn());
  assert.deepEqual(plane.group.completed, []);
  await look();
  assert.equal((await plane.stores.members.get(second.memberId))?.state, 'draining');
});

test('a Spot machine’s notice drains all its members', async () => {
  const { plane, member, tell } = await stage();
  const second = await another(plane);
  await tell(interrupted);
  assert.equal((await member.beat()).state, 'draining');
  assert.equal((await second.beat()).state, 'draining');
});

test('a machine is gone: each of its members ends when its own lease is over (I1)', async () => {
  const { plane, tell, look } = await stage();
  plane.clock.advance(3_000);
  const second = await another(plane);
  const stateOf = async (one: TestMember) => (await plane.stores.members.get(one.memberId))?.state;
  plane.clock.advance(timing.leaseTtlMs - 3_000);
  await tell(gone);
  assert.equal((await plane.stores.members.get(id))?.state, 'terminated');
  assert.equal(await stateOf(second), 'active');
  plane.clock.advance(4_000);
  await look();
  assert.equal(await stateOf(second), 'terminated');
  assert.deepEqual(await plane.stores.members.ids(), []);
});
