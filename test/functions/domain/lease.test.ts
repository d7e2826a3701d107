import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  decideWatch,
  isLive,
  isSteady,
  type Leaseholder,
  lostListedMs,
  mayCallLost,
  mayTakeOver,
  replacedAfterMs,
  steadyMs,
  takeoverGraceMs,
} from '#functions/domain/lease.ts';
import { timing } from '#shared/contract/timing.ts';
import { memberId } from '#shared/kernel/ids.ts';

const nowMs = 1_000_000;
const { leaseTtlMs } = timing;

function holder(changes: Partial<Leaseholder> = {}): Leaseholder {
  return {
    memberId: memberId('i-a'),
    state: 'active',
    epoch: 3,
    leaseExpiresMs: nowMs + leaseTtlMs,
    heldSinceMs: 0,
    ...changes,
  };
}

test('a lease is over at the very millisecond it names', () => {
  assert.equal(isLive(holder({ leaseExpiresMs: nowMs + 1 }), nowMs), true);
  assert.equal(isLive(holder({ leaseExpiresMs: nowMs }), nowMs), false);
  assert.equal(isLive(holder({ state: 'lost' }), nowMs), false);
});

test('who held a lease before the last heartbeat of the lost may take over at once', () => {
  const lost = { leaseExpiresMs: nowMs }; // last heard of leaseTtlMs ago
  const leaseExpiresMs = nowMs + steadyMs;
  const at = (heldSinceMs: number): boolean =>
    mayTakeOver({ heldSinceMs, leaseExpiresMs }, lost, nowMs);
  assert.equal(at(nowMs - leaseTtlMs), true);
  assert.equal(at(nowMs - leaseTtlMs + 1), false);
});

test('who was not renewed clearly later than the lost has seen nothing that they did not', () => {
  const lost = { leaseExpiresMs: nowMs };
  const at = (leaseExpiresMs: number): boolean =>
    mayTakeOver({ heldSinceMs: 0, leaseExpiresMs }, lost, nowMs);
  assert.equal(at(nowMs + steadyMs - 1), false);
  assert.equal(at(nowMs + steadyMs), true);
});

test('two missed heartbeats are a gap, one is none', () => {
  const { heartbeatEveryMs } = timing;
  const after = (ms: number): boolean => isSteady(nowMs + leaseTtlMs, nowMs + ms);
  assert.deepEqual([after(2 * heartbeatEveryMs), after(3 * heartbeatEveryMs)], [true, false]);
});

test('others wait for the grace, counted from when their lease began', () => {
  const lost = { leaseExpiresMs: nowMs };
  const heldSinceMs = nowMs + 500;
  const candidate = { heldSinceMs, leaseExpiresMs: nowMs + leaseTtlMs };
  const at = (ms: number): boolean => mayTakeOver(candidate, lost, ms);
  assert.equal(at(heldSinceMs + takeoverGraceMs - 1), false);
  assert.equal(at(heldSinceMs + takeoverGraceMs), true);
});

test('the watch comes back when the lease should have ended', () => {
  assert.deepEqual(decideWatch(holder(), 3, nowMs), {
    kind: 'again',
    epoch: 3,
    delayMs: leaseTtlMs + 1_000,
  });
  assert.deepEqual(decideWatch(holder({ state: 'draining', leaseExpiresMs: nowMs }), 3, nowMs), {
    kind: 'lapsed',
  });
});

test('a watch of an earlier or unknown epoch is over; a loss passes it on', () => {
  assert.deepEqual(decideWatch(undefined, 3, nowMs), { kind: 'done' });
  assert.deepEqual(decideWatch(holder({ epoch: 4 }), 3, nowMs), { kind: 'done' });
  assert.deepEqual(decideWatch(holder({ epoch: 5, state: 'lost' }), 3, nowMs), { kind: 'done' });
  const lost = holder({ epoch: 4, state: 'lost', leaseExpiresMs: nowMs - 1_000 });
  const news = { kind: 'lost', epoch: 4, delayMs: replacedAfterMs, isToBeReplaced: false };
  assert.deepEqual(decideWatch(lost, 3, nowMs), { ...news, isNews: true });
  assert.deepEqual(decideWatch(lost, 4, nowMs), { ...news, isNews: false });
});

test('a lost member keeps its machine for a minute', () => {
  const lost = holder({ epoch: 4, state: 'lost', leaseExpiresMs: nowMs - replacedAfterMs });
  assert.deepEqual(decideWatch(lost, 4, nowMs), {
    kind: 'lost',
    epoch: 4,
    delayMs: lostListedMs - replacedAfterMs + 1_000,
    isNews: false,
    isToBeReplaced: true,
  });
});

test('the lost are forgotten after an hour, the drained at once', () => {
  const lost = holder({ epoch: 4, state: 'lost', leaseExpiresMs: nowMs - lostListedMs });
  assert.deepEqual(decideWatch(lost, 4, nowMs), { kind: 'forget', epoch: 4 });
  assert.deepEqual(decideWatch(holder({ state: 'drained' }), 3, nowMs), {
    kind: 'forget',
    epoch: 3,
  });
});

test('a lapsed member is lost only if another could reach the control plane', () => {
  const lapsed = holder({ leaseExpiresMs: nowMs });
  const other = (changes: Partial<Leaseholder>): Leaseholder =>
    holder({ memberId: memberId('i-b'), ...changes });
  assert.equal(mayCallLost(lapsed, [lapsed, other({})], nowMs), true);
  assert.equal(mayCallLost(lapsed, [lapsed], nowMs), false);
  assert.equal(mayCallLost(lapsed, [other({ leaseExpiresMs: nowMs })], nowMs), false);
  assert.equal(mayCallLost(lapsed, [other({ heldSinceMs: nowMs })], nowMs), false);
  assert.equal(
    mayCallLost(lapsed, [other({ heldSinceMs: nowMs })], nowMs + takeoverGraceMs),
    false,
    'its own lease is over by then',
  );
  assert.equal(
    mayCallLost(lapsed, [], nowMs + lostListedMs),
    true,
    'it has stayed away for an hour',
  );
});
