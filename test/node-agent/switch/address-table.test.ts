import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { AddressTable } from '#node-agent/switch/address-table.ts';
import { Holdings, none } from '#node-agent/switch/holdings.ts';

/** Somebody who may own addresses. */
class Owner {
  readonly holdings = new Holdings();
}

interface Change {
  readonly kind: 'see' | 'remove' | 'remove-all' | 'stale';
  readonly address: readonly [number, number, number, number];
  readonly owner: number;
  readonly waitMs: number;
}

const word = fc.oneof(fc.nat(2), fc.constantFrom(-1, 0x7fffffff, -0x80000000));
const change: fc.Arbitrary<Change> = fc.record({
  kind: fc.oneof(
    { weight: 12, arbitrary: fc.constant('see' as const) },
    { weight: 2, arbitrary: fc.constantFrom('remove' as const, 'stale' as const) },
    { weight: 1, arbitrary: fc.constant('remove-all' as const) },
  ),
  address: fc.tuple(fc.nat(60), word, word, word),
  owner: fc.nat(4),
  waitMs: fc.nat(3_000),
});

/** The table as a textbook would write it. */
class NaiveTable {
  readonly seen = new Map<string, { owner: number; ms: number }>();

  removeWhere(gone: (entry: { owner: number; ms: number }) => boolean): void {
    for (const [key, entry] of this.seen) if (gone(entry)) this.seen.delete(key);
  }
}

const freshMs = 5_000;

describe('an address table', () => {
  test('behaves as a Map does, through growth, moves and forgetting', () => {
    fc.assert(
      fc.property(fc.array(change, { maxLength: 300 }), fc.integer(), (changes, seed) => {
        const owners = Array.from({ length: 5 }, () => new Owner());
        const table = new AddressTable<Owner>(1_000, seed, (owner) => owner.holdings);
        const naive = new NaiveTable();
        let nowMs = 0;
        for (const { kind, address, owner: number, waitMs } of changes) {
          nowMs += waitMs;
          const owner = owners[number] as Owner;
          const key = address.join(' ');
          const entry = table.find(...address);
          assert.equal(entry !== none, naive.seen.has(key));
          switch (kind) {
            case 'see':
              if (entry === none) table.add(...address, owner, nowMs);
              else if (table.ownerAt(entry) === owner) table.touch(entry, nowMs);
              else table.move(entry, owner, nowMs);
              naive.seen.set(key, { owner: number, ms: nowMs });
              break;
            case 'remove':
              if (entry !== none) table.remove(entry);
              naive.seen.delete(key);
              break;
            case 'remove-all':
              table.removeAllOf(owner);
              naive.removeWhere((seen) => seen.owner === number);
              break;
            case 'stale':
              table.removeStale(owner, (old) => nowMs - table.seenMsAt(old) < freshMs);
              naive.removeWhere((seen) => seen.owner === number && nowMs - seen.ms >= freshMs);
              break;
          }
          checkSame(table, naive, owners);
        }
      }),
    );
  });

  test('entries come oldest first, give or take a second', () => {
    fc.assert(
      fc.property(fc.array(change, { maxLength: 100 }), (changes) => {
        const owner = new Owner();
        const table = new AddressTable<Owner>(1_000, 1, () => owner.holdings);
        let nowMs = 0;
        for (const { address, waitMs } of changes) {
          nowMs += waitMs;
          const entry = table.find(...address);
          if (entry === none) table.add(...address, owner, nowMs);
          else table.touch(entry, nowMs);
        }
        const times = [...table.entries()].map(({ seenMs }) => seenMs);
        for (let i = 1; i < times.length; i++) {
          assert.ok((times[i] as number) > (times[i - 1] as number) - 1_000);
        }
        if (times.length > 0) assert.equal(table.oldest, [...table.entries()][0]?.entry);
      }),
    );
  });

  test('its generation changes whenever what was found may be wrong', () => {
    const [one, other] = [new Owner(), new Owner()];
    const table = new AddressTable<Owner>(10, 1, (owner) => owner.holdings);
    const entry = table.add(1, 2, 3, 4, one, 0);
    const atFirst = table.generation;
    table.touch(entry, 5_000);
    table.add(5, 0, 0, 0, one, 0);
    assert.equal(table.generation, atFirst);
    table.move(entry, other, 0);
    assert.notEqual(table.generation, atFirst);
    const moved = table.generation;
    table.remove(entry);
    assert.notEqual(table.generation, moved);
  });

  for (const size of [99, 100, 101]) {
    test(`${size} addresses in a table for 100`, () => {
      const owner = new Owner();
      const table = new AddressTable<Owner>(100, 1, () => owner.holdings);
      let added = 0;
      for (let n = 0; n < size; n++) if (table.add(n, 0, 0, 0, owner, 0) !== none) added += 1;
      assert.equal(added, Math.min(size, 100));
      assert.equal(owner.holdings.count, added);
      assert.equal(table.isFull, size >= 100);
    });
  }

  test('65536 entries that differ in a few bits are found quickly', () => {
    const owner = new Owner();
    const table = new AddressTable<Owner>(65_536, 7, () => owner.holdings);
    for (let n = 0; n < 65_536; n++) {
      assert.notEqual(table.add((n * 65_536) | 0, 0x0200, 0, 0, owner, n), none);
    }
    assert.equal(table.add(1, 1, 0, 0, owner, 0), none);
    const started = performance.now();
    for (let n = 0; n < 65_536; n++) {
      assert.notEqual(table.find((n * 65_536) | 0, 0x0200, 0, 0), none);
    }
    assert.ok(performance.now() - started < 2_000, 'linear probing has degenerated');
  });
});

function checkSame(table: AddressTable<Owner>, naive: NaiveTable, owners: Owner[]): void {
  const entries = [...table.entries()].map(({ key, owner, seenMs }) => [
    key.join(' '),
    { owner: owners.indexOf(owner), ms: seenMs },
  ]);
  assert.deepEqual(new Map(entries as [string, { owner: number; ms: number }][]), naive.seen);
  assert.equal(table.size, naive.seen.size);
  for (const [number, { holdings }] of owners.entries()) {
    const own = [...naive.seen.values()].filter(({ owner }) => owner === number);
    assert.equal(holdings.count, own.length);
  }
}
