import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Leaseholder } from '#functions/domain/lease.ts';
import { type PlacementRecord, standingOf } from '#functions/domain/placement.ts';
import { type MemberState, memberStates } from '#shared/contract/member.ts';
import { memberId } from '#shared/kernel/ids.ts';

const nowMs = 1_000_000;
const placement: PlacementRecord = {
  memberId: memberId('i-a'),
  memberEpoch: 3,
  epoch: 7,
  phase: 'live',
};

function owner(changes: Partial<Leaseholder> = {}): Leaseholder {
  return {
    memberId: memberId('i-a'),
    state: 'active',
    epoch: 3,
    leaseExpiresMs: nowMs + 1,
    heldSinceMs: 0,
    ...changes,
  };
}

test('a placement is live only at an active owner with its epoch and a lease', () => {
  const expected: Record<MemberState, string> = {
    joining: 'ending',
    active: 'live',
    draining: 'ending',
    drained: 'free',
    lost: 'free',
    terminated: 'free',
  };
  for (const state of memberStates) {
    assert.equal(standingOf(placement, owner({ state }), nowMs).kind, expected[state], state);
  }
});

test('an alive owner whose lease ran out has lapsed, whatever it was doing', () => {
  for (const state of ['joining', 'active', 'draining'] as const) {
    const standing = standingOf(placement, owner({ state, leaseExpiresMs: nowMs }), nowMs);
    assert.equal(standing.kind, 'lapsed', state);
  }
  const releasing = { ...placement, phase: 'releasing' } as const;
  assert.equal(standingOf(releasing, owner({ leaseExpiresMs: nowMs }), nowMs).kind, 'lapsed');
});

test('an owner called lost leaves an orphan; one that joined or is gone, a free hub', () => {
  assert.equal(standingOf(placement, owner({ state: 'lost', epoch: 4 }), nowMs).kind, 'orphaned');
  assert.equal(standingOf(placement, owner({ state: 'lost', epoch: 6 }), nowMs).kind, 'free');
  assert.equal(standingOf(placement, owner({ epoch: 4 }), nowMs).kind, 'free');
  assert.equal(standingOf(placement, undefined, nowMs).kind, 'free');
});

test('an owner that joined anew while its old lease may be held is alone in claiming', () => {
  const rejoined = owner({ epoch: 4, priorLeaseExpiresMs: nowMs + 1 });
  assert.equal(standingOf(placement, rejoined, nowMs).kind, 'rejoined');
  assert.equal(standingOf(placement, rejoined, nowMs + 1).kind, 'free');
});

test('never placed and released are free; releasing waits for its owner', () => {
  assert.equal(standingOf(undefined, undefined, nowMs).kind, 'free');
  assert.equal(standingOf({ ...placement, phase: 'released' }, owner(), nowMs).kind, 'free');
  assert.deepEqual(standingOf({ ...placement, phase: 'releasing' }, owner(), nowMs), {
    kind: 'ending',
    reason: 'hub-releasing',
  });
});
