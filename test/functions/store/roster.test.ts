import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Roster, rosterKeptMs } from '#functions/store/roster.ts';
import { memberId } from '#shared/kernel/ids.ts';
import { MemoryTable } from '#test/support/memory-table.ts';
import { seededRandom } from '../doubles.ts';

async function rosterOf(size: number): Promise<Roster> {
  const roster = new Roster(new MemoryTable());
  for (let index = 0; index < size; index += 1) {
    await roster.enter(memberId(`i-${index}`), 1, undefined, 0);
  }
  return roster;
}

test('a small fleet is drawn whole, as it is listed now', async () => {
  const roster = await rosterOf(16);
  assert.equal((await roster.draw(16, 0, seededRandom(1))).ids.length, 16);
  await roster.strike(memberId('i-3'), 1);
  const draw = await roster.draw(16, 0, seededRandom(1));
  assert.deepEqual([draw.ids.length, draw.listed], [15, 15]);
});

test('of a large fleet different ones are drawn, each about as often', async () => {
  const roster = await rosterOf(50);
  const random = seededRandom(2);
  const counts = new Map<string, number>();
  for (let draw = 0; draw < 1_000; draw += 1) {
    const { ids, listed } = await roster.draw(16, draw, random);
    assert.deepEqual([new Set(ids).size, listed], [16, 50]);
    for (const id of ids) counts.set(id, (counts.get(id) ?? 0) + 1);
  }
  assert.equal(counts.size, 50);
  for (const [id, count] of counts) assert(count > 250 && count < 390, `${id}: ${count}`);
});

test('a large fleet is listed once a while, and only for draws it is larger than', async () => {
  const roster = await rosterOf(20);
  const random = seededRandom(3);
  const listed = async (size: number, nowMs: number): Promise<number> =>
    (await roster.draw(size, nowMs, random)).listed;
  assert.equal(await listed(16, 0), 20);
  await roster.enter(memberId('i-new'), 1, undefined, 1);
  assert.equal(await listed(16, rosterKeptMs - 1), 20);
  assert.equal(await listed(20, rosterKeptMs - 1), 21, 'a wider look reads it anew');
  await roster.enter(memberId('i-newer'), 1, undefined, 2);
  assert.equal(await listed(16, 2 * rosterKeptMs), 22);
  assert.equal(await listed(16, 0), 22, 'a clock that went back keeps nothing');
});

test('a member that is gone is not drawn; back at a new epoch, it is', async () => {
  const roster = await rosterOf(3);
  await roster.markGone(memberId('i-1'), 1);
  const drawn = async (): Promise<readonly string[]> =>
    [...(await roster.draw(16, 0, seededRandom(4))).ids].sort();
  assert.deepEqual(await drawn(), ['i-0', 'i-2']);
  await roster.enter(memberId('i-1'), 2, undefined, 5);
  assert.deepEqual(await drawn(), ['i-0', 'i-1', 'i-2']);
});
