import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { betterOfTwo, type Loaded, leastLoaded, pointOf } from '#functions/domain/selection.ts';
import { memberId } from '#shared/kernel/ids.ts';
import { seededRandom } from '../doubles.ts';

function member(changes: Partial<Loaded> = {}): Loaded {
  const idle = { weight: 100, capacity: 100_000, sessions: 0, reserved: 0 };
  return { memberId: memberId('i-a'), ...idle, ...changes };
}

test("points are SoftEther's: 100000 idle, one less a session at weight 100", () => {
  assert.equal(pointOf(member()), 100_000);
  assert.equal(pointOf(member({ sessions: 1 })), 99_999);
  assert.equal(pointOf(member({ sessions: 1, reserved: 2 })), 99_997);
  assert.equal(pointOf(member({ sessions: 2, weight: 200 })), 99_999);
  assert.equal(pointOf(member({ sessions: 500, capacity: 1_000 })), 50_000);
  assert.equal(pointOf(member({ sessions: 2_000, capacity: 1_000 })), 0);
});

test('the least loaded for its weight is chosen, whatever the order', () => {
  const random = seededRandom(1);
  const light = member({ memberId: memberId('i-light'), sessions: 3 });
  const heavy = member({ memberId: memberId('i-heavy'), sessions: 4, reserved: 1, weight: 200 });
  for (const list of [
    [light, heavy],
    [heavy, light],
  ]) {
    assert.equal(leastLoaded(list, random), heavy);
  }
});

test('among equals all are chosen about as often; at equal load the larger one first', () => {
  const random = seededRandom(2);
  const equals = ['i-1', 'i-2', 'i-3'].map((id) => member({ memberId: memberId(id), sessions: 5 }));
  const chosen = Array.from({ length: 3_000 }, () => leastLoaded(equals, random)?.memberId);
  for (const one of equals) {
    const count = chosen.filter((id) => id === one.memberId).length;
    assert(count > 850 && count < 1_150, `${one.memberId}: ${count}`);
  }
  const larger = member({ memberId: memberId('i-4'), sessions: 5, capacity: 200_000 });
  assert.equal(leastLoaded([...equals, larger], random), larger);
});

test('nobody to choose from: nobody chosen; one: that one', () => {
  const random = seededRandom(3);
  assert.equal(leastLoaded([], random), undefined);
  assert.equal(betterOfTwo([], random), undefined);
  const only = member();
  assert.equal(betterOfTwo([only], random), only);
});

test('the better of two is never the worst of several, and not always the best', () => {
  const random = seededRandom(4);
  const members = [0, 1, 2, 3].map((sessions) =>
    member({ memberId: memberId(`i-${sessions}`), sessions }),
  );
  const chosen = new Set(Array.from({ length: 500 }, () => betterOfTwo(members, random)?.sessions));
  assert.deepEqual([...chosen].sort(), [0, 1, 2]);
});

test('a naive search agrees on the least load', () => {
  const arbitrary = fc.record({
    weight: fc.integer({ min: 1, max: 10_000 }),
    sessions: fc.nat(50_000),
    reserved: fc.nat(1_000),
  });
  fc.assert(
    fc.property(fc.array(arbitrary, { minLength: 1, maxLength: 20 }), fc.nat(), (list, seed) => {
      const members = list.map((one) => member(one));
      const chosen = leastLoaded(members, seededRandom(seed));
      const load = (one: Loaded): number => (one.sessions + one.reserved) / one.weight;
      const least = Math.min(...members.map(load));
      assert(chosen !== undefined && Math.abs(load(chosen) - least) < 1e-9);
    }),
    { seed: 20261122 },
  );
});
