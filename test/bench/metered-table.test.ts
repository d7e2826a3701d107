import assert from 'node:assert/strict';
import { test } from 'node:test';
import { always, is, itemAbsent, itemPresent } from '#functions/store/table.ts';
import { MemoryTable } from '#test/support/memory-table.ts';
import { itemBytes, MeteredTable } from './metered-table.ts';

const key = { pk: 'A', sk: 'B' };
/** An item of exactly so many bytes: keys 6, name 1. */
const ofBytes = (bytes: number) => ({ x: 'x'.repeat(bytes - 7) });

test('item sizes are as the Developer Guide counts them', () => {
  assert.equal(itemBytes({ ...key, ...ofBytes(1_024) }), 1_024);
  assert.equal(itemBytes({ ...key, n: 1_732_000_000_123 }), 6 + 1 + 8);
  assert.equal(itemBytes({ ...key, n: 100 }), 6 + 1 + 2, 'trailing zeros are free');
  assert.equal(itemBytes({ ...key, b: new Uint8Array(20), t: true }), 6 + 21 + 2);
  assert.equal(itemBytes({ ...key, l: [443], m: { a: 'b' } }), 6 + (1 + 3 + 1 + 3) + (1 + 3 + 3));
});

test('writes cost the larger of before and after, whether they succeed or not', async () => {
  const table = new MeteredTable(new MemoryTable(), 0);
  const written = async (write: Promise<unknown>): Promise<number> => {
    await write;
    return table.take().writeUnits;
  };
  assert.equal(await written(table.put(key, ofBytes(1_024), itemAbsent)), 1);
  assert.equal(await written(table.put(key, ofBytes(1_025), always)), 2);
  assert.equal(await written(table.put(key, ofBytes(10), itemAbsent)), 2, 'refused');
  assert.equal(await written(table.update(key, { set: { x: 'y' } }, is('x', 'z'))), 2, 'refused');
  assert.equal(await written(table.delete(key, itemPresent)), 2);
  assert.equal(await written(table.delete(key, itemPresent)), 1, 'nothing there');
});

test('reads cost 4 KB each, of a batch one by one, of a query together', async () => {
  const table = new MeteredTable(new MemoryTable(), 0);
  const keys = ['S1', 'S2', 'S3'].map((sk) => ({ pk: 'Q', sk }));
  for (const one of keys) await table.put(one, ofBytes(2_000), always);
  await table.put(key, ofBytes(4_097), always);
  table.take();
  await table.get(key);
  assert.equal(table.take().readUnits, 2);
  await table.get({ pk: 'A', sk: 'nothing' });
  assert.equal(table.take().readUnits, 1);
  await table.getMany([...keys, key]);
  assert.deepEqual(table.take(), { readUnits: 5, writeUnits: 0, calls: 1 });
  await table.query({ pk: 'Q', skPrefix: 'S', limit: 10 });
  assert.equal(table.take().readUnits, 2);
});
