import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type Waiter, WaitingRoom } from '#node-agent/listener/waiting-room.ts';

class Guest implements Waiter {
  readonly address: string;
  evicted: string | undefined;

  constructor(address: string) {
    this.address = address;
  }

  evict(reason: string): void {
    this.evicted = reason;
  }
}

function guests(room: WaitingRoom, count: number, address: (n: number) => string): Guest[] {
  return Array.from({ length: count }, (_, n) => {
    const guest = new Guest(address(n));
    room.enter(guest);
    return guest;
  });
}

describe('a waiting room of 4, 2 from one address', () => {
  const limits = { waitingMax: 4, waitingPerAddressMax: 2, patienceMs: 1_000 };

  for (const [count, evicted] of [
    [3, []],
    [4, []],
    [5, [0]],
    [6, [0, 1]],
  ] as const) {
    test(`${count} from everywhere: ${evicted.length} go, the longest waiting first`, () => {
      const room = new WaitingRoom(limits, () => 0);
      const all = guests(room, count, (n) => `10.0.0.${n}`);
      assert.deepEqual(
        all.flatMap((guest, n) => (guest.evicted === 'waiting-room-full' ? [n] : [])),
        evicted,
      );
      assert.equal(room.size, Math.min(count, 4));
    });
  }

  for (const [count, evicted] of [
    [2, []],
    [3, [0]],
    [9, [0, 1, 2, 3, 4, 5, 6]],
  ] as const) {
    test(`${count} from one address: it displaces only itself`, () => {
      const room = new WaitingRoom(limits, () => 0);
      const other = new Guest('10.0.0.2');
      room.enter(other);
      const all = guests(room, count, () => '10.0.0.1');
      assert.deepEqual(
        all.flatMap((guest, n) => (guest.evicted === 'address-full' ? [n] : [])),
        evicted,
      );
      assert.equal(other.evicted, undefined);
    });
  }

  test('who has left, even twice, makes room', () => {
    const room = new WaitingRoom(limits, () => 0);
    const [first, second] = guests(room, 2, () => '10.0.0.1') as [Guest, Guest];
    room.leave(first);
    room.leave(first);
    guests(room, 1, () => '10.0.0.1');
    assert.equal(second.evicted, undefined);
    assert.equal(room.size, 2);
  });

  for (const [what, addresses, outsider, waitedMs, place] of [
    ['room', ['a', 'b', 'c'], 'a', 0, true],
    ['a full share', ['a', 'a'], 'a', 999, false],
    ['a full share of another', ['a', 'a'], 'b', 0, true],
    ['a full share that had its time', ['a', 'a'], 'a', 1_000, true],
    ['a full room', ['a', 'a', 'b', 'c'], 'd', 999, false],
    ['a full room that had its time', ['a', 'a', 'b', 'c'], 'd', 1_000, true],
  ] as const) {
    test(`${what}: ${place ? 'one more may come' : 'whoever comes next waits outside'}`, () => {
      let nowMs = 0;
      const room = new WaitingRoom(limits, () => nowMs);
      for (const address of addresses) room.enter(new Guest(address));
      nowMs = waitedMs;
      assert.equal(room.hasPlaceFor(outsider), place);
    });
  }
});
