import assert from 'node:assert/strict';
import { beforeEach, describe, test } from 'node:test';
import { Pace } from '#node-agent/listener/pace.ts';
import { ManualTime } from '../dial/manual-time.ts';

let time: ManualTime;
let turn: (() => void)[];
let done: number[];
let pace: Pace;

beforeEach(() => {
  time = new ManualTime();
  turn = [];
  done = [];
  pace = new Pace({ clock: time, atEndOfTurn: (action) => turn.push(action), turnMs: 2 });
});

/** Something that takes a millisecond. */
function add(number: number): void {
  pace.add(() => {
    time.advance(1);
    done.push(number);
  });
}

function endTurn(): void {
  for (const action of turn.splice(0)) action();
}

describe('what can wait', () => {
  test('is done at the end of the turn, in order, as much as a turn has time for', () => {
    for (const number of [1, 2, 3, 4, 5]) add(number);
    assert.deepEqual(done, []);
    endTurn();
    assert.deepEqual(done, [1, 2]);
    assert.equal(pace.waiting, 3);
    endTurn();
    assert.deepEqual(done, [1, 2, 3, 4]);
    endTurn();
    assert.deepEqual(done, [1, 2, 3, 4, 5]);
    assert.deepEqual([pace.waiting, turn.length], [0, 0]);
  });

  test('may be added while others are done', () => {
    pace.add(() => add(2));
    pace.add(() => add(3));
    endTurn();
    endTurn();
    assert.deepEqual(done, [2, 3]);
    add(4);
    endTurn();
    assert.deepEqual(done, [2, 3, 4]);
  });
});
