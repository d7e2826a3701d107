import assert from 'node:assert/strict';
import { test } from 'node:test';
import { findingOf } from '#node-agent/control/findings.ts';
import { Reports } from '#node-agent/control/reports.ts';
import type { LearnedAddress } from '#node-agent/switch/learned.ts';
import {
  type Finding,
  findingSchema,
  findingsMax,
  foundAddressesMax,
  foundBytesMax,
} from '#shared/contract/inquiry.ts';

const clock = { nowMs: () => 1_000_000, monotonicMs: () => 5_000 };

function tableOf(size: number, owner: (n: number) => string, text = '02:00:00:00:00:01') {
  const forgotten: number[] = [];
  function* latest(): Generator<LearnedAddress> {
    for (let key = 0; key < size; key += 1) {
      const times = { createdMs: 1_000.4, seenMs: 4_999.6 };
      yield { key, text, vlanId: 4_095, owner: owner(key), leased: false, ...times };
    }
  }
  const forget = (key: number): boolean => {
    forgotten.push(key);
    return key < size;
  };
  return { table: { size, latest, forget }, forgotten };
}

test('addresses with the name of their session, and times of the wall clock', () => {
  const { table } = tableOf(3, (n) => (n === 1 ? 'SID-B' : 'SID-A'));
  const finding = findingOf({ id: 'one' }, table, clock);
  assert.deepEqual(finding.owners, ['SID-A', 'SID-B']);
  assert.deepEqual(finding.addresses[1], [
    ...[1, '02:00:00:00:00:01', 4_095, 1],
    ...[996_000, 1_000_000, false],
  ]);
  assert.deepEqual([finding.total, finding.forgotten, finding.addresses.length], [3, false, 3]);
});

test('a table of any size is a finding of bounded size that the control plane takes', () => {
  const six = 'fe80:0000:0000:0000:5c0d:65ff:fead:02a6';
  for (const [owner, text] of [
    [() => 'SID-ALICE-12345678', '02:00:00:00:00:01'],
    [(n: number) => `SID-${String(n).padStart(251, 'ä')}`, six],
  ] as const) {
    const finding = findingOf({ id: 'one' }, tableOf(65_536, owner, text).table, clock);
    assert.equal(finding.total, 65_536);
    assert.ok(finding.addresses.length > 300, `${finding.addresses.length}`);
    assert.ok(finding.addresses.length <= foundAddressesMax);
    assert.ok(JSON.stringify(finding).length <= foundBytesMax);
    findingSchema.parse(JSON.parse(JSON.stringify(finding)));
  }
});

test('an address is forgotten without a list; where the hub does not run, nothing is', () => {
  const { table, forgotten } = tableOf(3, () => 'SID-A');
  const finding = findingOf({ id: 'one', forget: 2 }, table, clock);
  assert.deepEqual([finding.forgotten, finding.addresses, forgotten], [true, [], [2]]);
  assert.equal(findingOf({ id: 'one', forget: 3 }, table, clock).forgotten, false);
  const nothing = { id: 'one', total: 0, forgotten: false, owners: [], addresses: [] };
  assert.deepEqual(findingOf({ id: 'one', forget: 2 }, undefined, clock), nothing);
});

test('findings are told until acknowledged, no more at once than a heartbeat takes', () => {
  const reports = new Reports();
  const { table } = tableOf(2_000, () => 'SID-A');
  const count = findingsMax + 2;
  for (let n = 0; n < count; n += 1) reports.found(findingOf({ id: `${n}` }, table, clock));
  const told = new Set<string>();
  for (let beats = 0; told.size < count; beats += 1) {
    assert.ok(beats <= count, 'it goes on');
    const batch = reports.take();
    assert.deepEqual(reports.take(), batch, 'the same until acknowledged');
    assert.ok(JSON.stringify(batch.found).length <= foundBytesMax + 1_000);
    for (const { id } of batch.found ?? []) told.add(id);
    reports.acknowledge(batch);
  }
  assert.equal(reports.take().found, undefined);
  reports.found(findingOf({ id: 'last' }, table, clock));
  reports.restart([]);
  assert.equal(reports.take().found, undefined);
});

/** As long as one may be. */
function longFinding(id: string): Finding {
  const owner = (n: number) => `SID-${String(n).padStart(251, '0')}`;
  return findingOf({ id }, tableOf(65_536, owner).table, clock);
}

test('an inquiry is done with the heartbeat that tells what was found', () => {
  const reports = new Reports();
  for (const id of ['one', 'two']) reports.found(longFinding(id));
  const first = reports.take();
  assert.deepEqual([first.found?.map(({ id }) => id), first.done], [['one'], ['one']]);
  assert(reports.isDone('two'), 'and is not looked for again until then');
  reports.acknowledge(first);
  assert(reports.hasFound);
  assert.deepEqual(reports.take().done, ['two']);
});

test('an administrator who asks faster than heartbeats tell: no more is kept than is asked', () => {
  const reports = new Reports();
  for (let round = 0; round < 50; round += 1) {
    const asked = Array.from({ length: 4 }, (_, at) => `${round}-${at}`);
    reports.keepFound(new Set(asked));
    for (const id of asked) reports.found(longFinding(id));
    reports.acknowledge(reports.take());
  }
  let told = 0;
  for (; reports.hasFound; told += 1) reports.acknowledge(reports.take());
  assert.equal(told, 3);
});
