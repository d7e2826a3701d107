import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Lease } from '#node-agent/control/lease.ts';

const fenceAfterMs = 6_000;

describe('a lease', () => {
  test('is not held before a heartbeat was acknowledged', () => {
    assert.equal(new Lease().held(0), false);
  });

  test('counts from the moment the heartbeat was sent', () => {
    const lease = new Lease();
    lease.renewed(1_000, fenceAfterMs);
    assert.deepEqual(
      [6_999, 7_000, 7_001].map((ms) => lease.held(ms)),
      [true, false, false],
    );
  });

  test('an acknowledgement that was overtaken does not shorten it', () => {
    const lease = new Lease();
    lease.renewed(3_000, fenceAfterMs);
    lease.renewed(1_000, fenceAfterMs);
    assert.equal(lease.held(8_999), true);
  });

  test('ends at once when the epoch is over, and can be had anew', () => {
    const lease = new Lease();
    lease.renewed(1_000, fenceAfterMs);
    lease.end();
    assert.equal(lease.held(2_000), false);
    assert.equal(lease.renewedMs, 1_000, 'what was heard stays heard');
    lease.renewed(3_000, fenceAfterMs);
    assert.equal(lease.held(3_000), true);
  });

  test('tells of every change', () => {
    let changes = 0;
    const lease = new Lease(() => {
      changes += 1;
    });
    lease.renewed(1_000, fenceAfterMs);
    lease.end();
    assert.equal(changes, 2);
  });
});
