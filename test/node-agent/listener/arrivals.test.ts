import assert from 'node:assert/strict';
import { Socket } from 'node:net';
import { beforeEach, describe, test } from 'node:test';
import { Arrivals } from '#node-agent/listener/arrivals.ts';
import { ManualTime } from '../dial/manual-time.ts';

let time: ManualTime;
let turn: (() => void)[];
let blocked: Set<string>;
let begun: string[];
let turnedAway: number;
let arrivals: Arrivals;

beforeEach(() => {
  time = new ManualTime();
  turn = [];
  blocked = new Set();
  begun = [];
  turnedAway = 0;
  arrivals = new Arrivals({
    limits: {
      arrivalsMax: 6,
      arrivalsPerAddressMax: 4,
      beginsPerTurn: 2,
      turnMsMax: 8,
      lookAgainMs: 20,
    },
    clock: time,
    timers: time,
    atEndOfTurn: (action) => turn.push(action),
    mayBegin: (address) => !blocked.has(address),
    begin: (_, address) => begun.push(address),
    onTurnedAway: () => {
      turnedAway += 1;
    },
  });
});

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

  test('who leaves while waiting is not begun', async () => {
    const [first] = come('a', 2);
    await new Promise((resolve) => first?.once('close', resolve).destroy());
    endTurn();
    assert.deepEqual([begun, arrivals.size], [['a'], 0]);
  });
});
