import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  betterOfTwo,
  inrushFree,
  inrushLeft,
  type Loaded,
  leastLoaded,
  pointOf,
  select,
  withinInrush,
} from '#functions/domain/selection.ts';
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

const plain = { expected: 0, hurried: false } as const;

function fleet(...sessions: number[]): Loaded[] {
  return sessions.map((count, index) =>
    member({ memberId: memberId(`i-${index}`), sessions: count }),
  );
}

test('of few sessions the least is chosen; of many, any within one percent of it', () => {
  const random = seededRandom(5);
  const chosenOf = (members: readonly Loaded[]): number[] => {
    const draws = Array.from(
      { length: 400 },
      () => select(members, plain, random)?.member.sessions,
    );
    return [...new Set(draws)].map(Number).sort((a, b) => a - b);
  };
  assert.deepEqual(chosenOf(fleet(6, 7, 7, 9)), [6]);
  assert.deepEqual(chosenOf(fleet(40, 41, 42)), [40, 41].slice(0, 1), 'the better of the two');
  assert.deepEqual(chosenOf(fleet(40, 40, 41, 41, 42)), [40, 41]);
  assert.deepEqual(chosenOf(fleet(1_000, 1_005, 1_010, 1_011)), [1_000, 1_005]);
});

test('in a hurry, within five percent or eight sessions; never the full one', () => {
  const random = seededRandom(6);
  const hurried = { expected: 0, hurried: true } as const;
  const chosen = new Set<unknown>();
  for (let draw = 0; draw < 400; draw += 1) {
    chosen.add(select(fleet(0, 4, 8, 9, 50), hurried, random)?.member.sessions);
  }
  assert.deepEqual([...chosen].sort(), [0, 4]);
});

test('the member just read is taken if it is as good; if it is not, another', () => {
  const random = seededRandom(7);
  const latest = memberId('i-1');
  assert.equal(select(fleet(500, 503, 501), { ...plain, latest }, random)?.member.sessions, 503);
  assert.equal(select(fleet(500, 900, 700), { ...plain, latest }, random)?.member.sessions, 500);
});

test('the margin says how many may be faster: until another is better, or one percent', () => {
  const random = seededRandom(8);
  const marginOf = (members: readonly Loaded[]) => select(members, plain, random)?.margin;
  assert.equal(marginOf(fleet(0, 0, 0)), 0, 'of three empty members each gets one');
  assert.equal(marginOf(fleet(3, 7)), 4);
  assert.equal(marginOf(fleet(800)), 100_000, 'there is no other');
  const twice = [...fleet(10), member({ memberId: memberId('i-2'), sessions: 10, weight: 200 })];
  assert.equal(marginOf(twice), 10, 'at twice the weight twice as many');
});

test('whoever takes a place within the margin takes one of the best places', () => {
  const load = fc.record({ weight: fc.constantFrom(100, 200, 300), sessions: fc.nat(3_000) });
  fc.assert(
    fc.property(fc.array(load, { minLength: 2, maxLength: 8 }), fc.nat(), (list, seed) => {
      const members = list.map((one, index) =>
        member({ memberId: memberId(`i-${index}`), ...one }),
      );
      const choice = select(members, plain, seededRandom(seed));
      assert(choice !== undefined);
      const share = (one: Loaded, more = 0): number => ((one.sessions + more) * 100) / one.weight;
      const others = members.filter((one) => one !== choice.member).map((one) => share(one));
      const least = Math.min(share(choice.member), ...others);
      const limit = Math.max(
        least + (least < 8 ? 0 : Math.max(1, least * 0.01)),
        Math.min(...others),
      );
      assert(share(choice.member, choice.margin) <= limit + 1e-9);
    }),
    { seed: 20261123 },
  );
});

test('what hubs usually bring counts as load, whether awaited or pledged', () => {
  const random = seededRandom(9);
  const awaiting = member({ memberId: memberId('i-a'), sessions: 10, awaited: 90 });
  const pledged = member({ memberId: memberId('i-p'), sessions: 10, pledged: 60 });
  const busy = member({ memberId: memberId('i-b'), sessions: 50, reserved: 5 });
  assert.equal(pointOf(awaiting), 99_900);
  assert.equal(select([awaiting, pledged, busy], plain, random)?.member, busy);
});

test('a hub goes where what it usually brings fits and weighs least, or else where it can', () => {
  const random = seededRandom(10);
  const small = member({ memberId: memberId('i-s'), capacity: 200 });
  const large = member({ memberId: memberId('i-l'), capacity: 1_000, sessions: 300 });
  const strong = member({ memberId: memberId('i-w'), capacity: 1_000, sessions: 300, weight: 400 });
  const hub = (expected: number) => ({ expected, hurried: false });
  assert.equal(select([small, large], hub(100), random)?.member, small);
  assert.equal(select([small, large], hub(200), random)?.member, large, '201 do not fit into 200');
  assert.equal(select([large, strong], hub(300), random)?.member, strong);
  assert.equal(select([small, large], hub(5_000), random)?.member, small);
});

test('an idle member among busy ones gets its bound of a burst, others get the rest', () => {
  for (const size of [2, 4, 16]) {
    const random = seededRandom(size);
    const members = fleet(0, ...Array.from({ length: size - 1 }, () => 2_000)).map((one) => ({
      ...one,
    }));
    const burst = 2_000;
    for (let login = 0; login < burst; login += 1) {
      const chosen = select(withinInrush(members), plain, random)?.member;
      const place = members.findIndex((one) => one.memberId === chosen?.memberId);
      members[place] = { ...member(members[place]), reserved: (members[place]?.reserved ?? 0) + 1 };
    }
    const idle = members[0]?.reserved ?? 0;
    assert(idle <= inrushFree + 1 + (2 / (size + 1)) * burst, `${idle} of ${burst} over ${size}`);
    assert(idle >= burst / size, 'and it gets its share');
  }
});

test('equal members between heartbeats of different phase are not passed over', () => {
  // 100 logins a second and member, one heartbeat each 2 s, half a second until a client is seen.
  const members = fleet(...Array<number>(10).fill(1_000)).map((one, phase) => ({
    ...one,
    reserved: 50 + phase * 20,
  }));
  assert.equal(withinInrush(members).length, 10);
});

test('whoever has the fewest on the way is never passed over, and its room is what it says', () => {
  const load = fc.record({
    weight: fc.integer({ min: 1, max: 1_000 }),
    reserved: fc.nat(10_000),
  });
  fc.assert(
    fc.property(fc.array(load, { minLength: 1, maxLength: 20 }), (list) => {
      const members = list.map((one) => member(one));
      const share = (one: Loaded): number => one.reserved / one.weight;
      const fewest = members.reduce((a, b) => (share(b) < share(a) ? b : a));
      assert(withinInrush(members).includes(fewest));
      assert(inrushLeft(members)(fewest) >= 0);
    }),
    { seed: 20261124 },
  );
});
