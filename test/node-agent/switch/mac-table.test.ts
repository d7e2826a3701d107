import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { MacTable, notFound } from '#node-agent/switch/mac-table.ts';

describe('a MAC table', () => {
  test('behaves as a Map does, through growth and forgetting', () => {
    const address = fc.record({ high: fc.nat(3), low: fc.nat(40) });
    const change = fc.record({ address, owner: fc.integer({ min: 1, max: 5 }), keep: fc.nat(9) });
    fc.assert(
      fc.property(fc.array(change, { maxLength: 300 }), fc.nat(), (changes, seed) => {
        const table = new MacTable<number>(1_000, seed);
        const map = new Map<string, number>();
        for (const { address: a, owner, keep } of changes) {
          const slot = table.find(a.high, a.low);
          if (slot === notFound) table.add(a.high, a.low, owner, 0);
          else table.touch(slot, owner, 0);
          map.set(`${a.high} ${a.low}`, owner);
          if (keep === 0) {
            table.retain((kept) => kept !== owner);
            for (const [key, value] of map) if (value === owner) map.delete(key);
          }
        }
        const found = [...table.entries()].map((e) => [`${e.high} ${e.low}`, e.owner] as const);
        assert.deepEqual(new Map(found), map);
        assert.equal(table.size, map.size);
        for (const { address: a } of changes) {
          const slot = table.find(a.high, a.low);
          const owner = slot === notFound ? undefined : table.ownerAt(slot);
          assert.equal(owner, map.get(`${a.high} ${a.low}`));
        }
      }),
    );
  });

  test('65536 entries that differ in one bit each way are found quickly', () => {
    const table = new MacTable<string>(65_536, 7);
    for (let n = 0; n < 65_536; n++) assert.ok(table.add(0x0200, n * 65_536, 'x', n));
    assert.equal(table.add(1, 1, 'x', 0), false);
    const started = performance.now();
    for (let n = 0; n < 65_536; n++) assert.notEqual(table.find(0x0200, n * 65_536), notFound);
    assert.ok(performance.now() - started < 1_000, 'linear probing has degenerated');
  });
});
