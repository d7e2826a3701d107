import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decideTermination, type Tenant } from '#functions/domain/termination.ts';
import { type MachineId, machineId, memberId } from '#shared/kernel/ids.ts';

const nowMs = 1_000_000;

function tenant(id: string, more: Partial<Tenant> = {}): Tenant {
  return {
    memberId: memberId(id),
    state: 'active',
    epoch: 1,
    leaseExpiresMs: nowMs + 1,
    capacity: 100,
    sessions: 0,
    reserved: 0,
    hubs: 0,
    joinedMs: 0,
    ...more,
  };
}

/** Of all machines that have members, and of `others`, so many. */
function chosen(members: readonly Tenant[], count: number, ...others: string[]): MachineId[] {
  const names = [...members.map((member) => member.memberId.replace(/\..*/, '')), ...others];
  const machines = [...new Set(names)].map(machineId);
  return [...decideTermination([{ machines, count }], members, nowMs)];
}

test('the machine goes whose end the fewest notice, those on their way there included', () => {
  const members = [
    tenant('i-full', { sessions: 9 }),
    tenant('i-awaited', { sessions: 1, reserved: 4 }),
    tenant('i-few', { sessions: 3 }),
  ];
  assert.deepEqual(chosen(members, 1), ['i-few']);
  assert.deepEqual(chosen(members, 2), ['i-few', 'i-awaited']);
});

test('of equals the one with fewer hubs goes, then the newest', () => {
  const members = [
    tenant('i-old', { sessions: 2, hubs: 2, joinedMs: 1 }),
    tenant('i-new', { sessions: 2, hubs: 2, joinedMs: 2 }),
    tenant('i-one-hub', { sessions: 2, hubs: 1 }),
  ];
  assert.deepEqual(chosen(members, 2), ['i-one-hub', 'i-new']);
});

test('who is lost or silent goes first, then who drains, then who never joined', () => {
  const members = [
    tenant('i-idle'),
    tenant('i-draining', { state: 'draining', sessions: 50 }),
    tenant('i-silent', { leaseExpiresMs: nowMs, sessions: 7, joinedMs: 1 }),
    tenant('i-lost', { state: 'lost', sessions: 7, joinedMs: 2 }),
  ];
  const all = ['i-lost', 'i-silent', 'i-draining', 'i-never', 'i-idle'];
  assert.deepEqual(chosen(members, 5, 'i-never'), all);
});

test('a machine is all its members', () => {
  const members = [
    tenant('i-two', { sessions: 2 }),
    tenant('i-two.1', { sessions: 2 }),
    tenant('i-one', { sessions: 3 }),
    tenant('i-half', { state: 'lost' }),
    tenant('i-half.1', { sessions: 9 }),
  ];
  assert.deepEqual(chosen(members, 3), ['i-one', 'i-two', 'i-half'], 'a half that serves counts');
});

test('whose clients would find no places elsewhere goes only when all are like that', () => {
  const members = [
    tenant('i-large', { capacity: 100, sessions: 10 }),
    tenant('i-small', { capacity: 20, sessions: 15 }),
    tenant('i-other', { capacity: 20, sessions: 20 }),
  ];
  // 45 clients on 140 places: not on the 40 that are left without the large one.
  assert.deepEqual(chosen(members, 1), ['i-small']);
  const full = members.map((member) => ({ ...member, sessions: member.capacity }));
  assert.deepEqual(chosen(full, 1).length, 1, 'the number is not decided here');
});

test('each zone gives its own share, and none is asked for what it has not', () => {
  const members = [tenant('i-a', { sessions: 1 }), tenant('i-b', { sessions: 5 })];
  const shares = [
    { machines: [machineId('i-b')], count: 1 },
    { machines: [machineId('i-a')], count: 0 },
    { machines: [], count: 3 },
  ];
  assert.deepEqual(decideTermination(shares, members, nowMs), ['i-b']);
});
