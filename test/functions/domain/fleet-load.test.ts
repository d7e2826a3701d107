import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fleetLoad, type LoadedMember } from '#functions/domain/fleet-load.ts';

const nowMs = 1_000_000;
const member = (changes: Partial<LoadedMember> = {}): LoadedMember => ({
  state: 'active',
  leaseExpiresMs: nowMs + 1,
  capacity: 100,
  sessions: 50,
  reserved: 0,
  ...changes,
});
const utilization = (...members: LoadedMember[]): number | undefined =>
  fleetLoad(members, nowMs).utilization;

test('sessions and reservations over the places there are', () => {
  assert.equal(utilization(member(), member({ reserved: 10 })), 55);
  assert.equal(utilization(member({ sessions: 1, capacity: 3 })), 33.3);
});

test('a drain is no reason for another: its sessions count, its places do not', () => {
  assert.equal(utilization(member(), member()), 50);
  assert.equal(utilization(member(), member({ state: 'draining' })), 100);
});

test('a new member brings places when it is active, a lost or silent one neither', () => {
  const joining = member({ state: 'joining', sessions: 0 });
  const silent = member({ leaseExpiresMs: nowMs });
  assert.equal(utilization(member(), joining, member({ state: 'lost' }), silent), 50);
});

test('an empty fleet is not an idle one, and one that only drains is full', () => {
  assert.equal(utilization(), undefined);
  assert.equal(utilization(member({ sessions: 0 })), 0);
  assert.equal(utilization(member({ state: 'draining' })), 100);
});

test('reservations that were handed back twice are none', () => {
  assert.equal(utilization(member({ reserved: -3 })), 50);
});
