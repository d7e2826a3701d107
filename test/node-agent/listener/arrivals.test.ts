import assert from 'node:assert/strict';
import { Socket } from 'node:net';
import { beforeEach, describe, test } from 'node:test';
import { Arrivals, type ArrivalsLimits } from '#node-agent/listener/arrivals.ts';
import { cpuMsOf } from '#test/support/cpu.ts';
import { ManualTime } from '../dial/manual-time.ts';

let time: ManualTime;
let turn: (() => void)[];
let blocked: Set<string>;
let begun: string[];
let turnedAway: number;
let arrivals: Arrivals;

const limits: ArrivalsLimits = {
  arrivalsMax: 6,
  arrivalsPerAddressMax: 4,
  beginsPerTurn: 2,
  turnMsMax: 8,
  lookAgainMs: 20,
};

beforeEach(() => open(limits));

function open(within: ArrivalsLimits): void {
  time = new ManualTime();
  turn = [];
  blocked = new Set();
  begun = [];
  turnedAway = 0;
  arrivals = new Arrivals({
    limits: within,
    clock: time,
    timers: time,
    atEndOfTurn: (action) => turn.push(action),
    mayBegin: (address) => !blocked.has(address),
    begin: (_, address) => begun.push(address),
    onTurnedAway: () => {
      turnedAway += 1;
    },
  });
}

function come(address: string, count = 1): Socket[] {
  return Array.from({ length: count }, () => {
    const socket = new Socket();
    arrivals.enter(socket, address);
    return socket;
  });
}

function endTurn(): void {
  for (const action of turn.splice(0)) action();
}

describe('arrivals, two a turn', () => {
  test('begin turn by turn, until none is left', () => {
    come('a', 4);
    assert.deepEqual(begun, []);
    endTurn();
    assert.equal(begun.length, 2);
    endTurn();
    assert.equal(begun.length, 4);
    endTurn();
    assert.deepEqual([arrivals.size, turn.length, time.waiting], [0, 0, 0]);
  });

  test('one a turn while turns are long', () => {
    come('a', 4);
    endTurn();
    assert.equal(begun.length, 2);
    time.advance(9);
    endTurn();
    assert.equal(begun.length, 3);
    time.advance(8);
    endTurn();
    assert.equal(begun.length, 4);
  });

  test('addresses take turns: one with many does not keep the others waiting', () => {
    come('many', 4);
    come('one');
    endTurn();
    assert.deepEqual(begun, ['many', 'one']);
  });

  test('who may not begin waits, and holds up nobody else', () => {
    blocked.add('a');
    come('a', 2);
    come('b');
    endTurn();
    assert.deepEqual(begun, ['b']);
    endTurn();
    blocked.clear();
    time.advance(19);
    assert.deepEqual(begun, ['b']);
    time.advance(1);
    assert.deepEqual(begun, ['b', 'a', 'a']);
  });

  for (const [from, away] of [
    [['a', 'a', 'a', 'a'], 0],
    [['a', 'a', 'a', 'a', 'a'], 1],
    [['a', 'a', 'a', 'b', 'b', 'b'], 0],
    [['a', 'a', 'b', 'b', 'c', 'c', 'a'], 1],
  ] as const) {
    test(`${from.join(' ')}: ${away} turned away, the last`, () => {
      const sockets = from.map((address) => come(address)[0] as Socket);
      assert.equal(turnedAway, away);
      assert.deepEqual(
        sockets.map((socket) => socket.destroyed),
        from.map((_, n) => n >= from.length - away),
      );
    });
  }

  test('addresses that fill it make room for others, as long as they have more', () => {
    const many = [...come('a', 4), ...come('b', 2)];
    const [third] = come('c');
    const [fourth] = come('d');
    assert.deepEqual([third?.destroyed, fourth?.destroyed, turnedAway], [false, false, 2]);
    assert.deepEqual(
      many.map((socket) => socket.destroyed),
      [true, true, false, false, false, false],
    );
    assert.equal(arrivals.size, 6);
  });

  describe('in a crowd of addresses', () => {
    const [room, more] = [8_000, 2_000];
    /** Who of so many more, an address each, finds room, and what that costs. */
    function comeMore(): { found: number; cpuMs: number } {
      const sockets = Array.from({ length: more }, () => new Socket());
      const cpuMs = cpuMsOf(() => {
        for (const [n, socket] of sockets.entries()) arrivals.enter(socket, `more-${n}`);
      });
      return { found: sockets.filter(({ destroyed }) => !destroyed).length, cpuMs };
    }

    test('one that has too many is found', () => {
      open({ ...limits, arrivalsMax: room, arrivalsPerAddressMax: room });
      for (let n = 0; n < room / 2; n++) come(`${n}`);
      come('many', room / 2);
      const { found } = comeMore();
      assert.ok(found > 0.9 * more, `${found} of ${more} found room`);
    });

    test('each that finds no room costs no more than in a small one', () => {
      const [few, many] = [64, room].map((addresses) => {
        open({ ...limits, arrivalsMax: addresses });
        for (let n = 0; n < addresses; n++) come(`${n}`);
        return comeMore();
      });
      assert.ok(few !== undefined && many !== undefined);
      assert.deepEqual([few.found, many.found], [0, 0]);
      assert.ok(many.cpuMs < 4 * few.cpuMs, `${many.cpuMs} and ${few.cpuMs} ms`);
    });
  });

  test('who leaves while waiting is not begun', async () => {
    const [first] = come('a', 2);
    await new Promise((resolve) => first?.once('close', resolve).destroy());
    endTurn();
    assert.deepEqual([begun, arrivals.size], [['a'], 0]);
  });
});
