import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  afterFailure,
  afterSuccess,
  forgottenMs,
  lockOf,
  type SourceRecord,
  sourceKey,
  usersMax,
} from '#functions/domain/throttle.ts';

/** So many failures of a user in a row, each as soon as it is allowed. */
function failing(times: number, user = 'u', startMs = 0): { record: SourceRecord; nowMs: number } {
  let record: SourceRecord | undefined;
  let nowMs = startMs;
  for (let failure = 0; failure < times; failure += 1) {
    const own = record?.users.find((one) => one.user === user);
    nowMs = Math.max(nowMs, own?.lockedUntilMs ?? 0);
    record = afterFailure(record, user, nowMs);
  }
  assert(record);
  return { record, nowMs };
}

test('four failures are free, then a lock doubles from 2 s to 15 minutes', () => {
  assert.equal(lockOf(undefined, 'u', 0), undefined);
  const four = failing(4);
  assert.equal(lockOf(four.record, 'u', four.nowMs), undefined);
  const lockedMs = [5, 6, 7, 13, 14, 20].map((times) => {
    const { record, nowMs } = failing(times);
    assert.equal(lockOf(record, 'u', nowMs), 'user');
    assert.equal(lockOf(record, 'another', nowMs), undefined);
    return Number(record.users[0]?.lockedUntilMs) - nowMs;
  });
  assert.deepEqual(lockedMs, [2_000, 4_000, 8_000, 512_000, 900_000, 900_000]);
});

test('a lock ends on its millisecond, and a quiet quarter of an hour later it is forgotten', () => {
  const { record } = failing(7);
  const endMs = Number(record.users[0]?.lockedUntilMs);
  assert.equal(lockOf(record, 'u', endMs - 1), 'user');
  assert.equal(lockOf(record, 'u', endMs), undefined);
  assert.equal(afterFailure(record, 'u', endMs + 899_999).users[0]?.count, 8);
  assert.equal(afterFailure(record, 'u', endMs + 900_000).users[0]?.count, 1);
  assert(forgottenMs(record) >= endMs + 900_000);
});

test('free failures count within a minute only', () => {
  const { record } = failing(4);
  assert.equal(afterFailure(record, 'u', 59_999).users[0]?.count, 5);
  assert.equal(afterFailure(record, 'u', 60_000).users[0]?.count, 1);
});

test('thirty failures over many users lock the source', () => {
  let record: SourceRecord | undefined;
  for (let failure = 0; failure < 29; failure += 1) record = afterFailure(record, `u${failure}`, 1);
  assert.equal(lockOf(record, 'u', 1), undefined);
  record = afterFailure(record, 'u29', 1);
  assert.equal(lockOf(record, 'somebody', 1), 'source');
  assert.equal(lockOf(record, 'somebody', 2_001), undefined);
});

test('a success clears the user and neither the others nor the source', () => {
  const { record } = failing(5, 'other');
  const both = afterFailure(record, 'u', 0);
  const after = afterSuccess(both, 'u');
  assert.deepEqual(
    after.users.map(({ user }) => user),
    ['other'],
  );
  assert.deepEqual(after.source, both.source);
});

test('however many users one source tries, the record stays small', () => {
  let record: SourceRecord | undefined;
  for (let failure = 0; failure < 500; failure += 1) record = afterFailure(record, `${failure}`, 1);
  assert.equal(record?.users.length, usersMax);
});

test('one customer is one source', () => {
  assert.equal(sourceKey('198.51.100.1'), '198.51.100.1');
  assert.equal(sourceKey('::ffff:198.51.100.1'), '198.51.100.1');
  for (const address of ['2001:db8:1:2::1', '2001:DB8:0001:2:3:4:5:6', '2001:db8:1:2::']) {
    assert.equal(sourceKey(address), '2001:db8:1:2::/64', address);
  }
  assert.equal(sourceKey('2001:db8::1'), '2001:db8:0:0::/64');
  assert.equal(sourceKey('::1'), '0:0:0:0::/64');
  assert.equal(sourceKey(''), '');
});
