import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { ExclusiveRight, rightBytes } from '#node-agent/control/exclusive-right.ts';

const state = { heldUntilMs: 7_000, openFromMs: 2_000, openUntilMs: 4_000, lostAtMs: 500 };

describe('the exclusive right', () => {
  test('is nobody’s before it is given', () => {
    const right = new ExclusiveRight();
    assert.deepEqual([right.held(0), right.mayOpen(0)], [false, false]);
    assert.equal(right.lostForMs(1), Number.POSITIVE_INFINITY);
  });

  test('ends to the millisecond, without anybody saying so', () => {
    const right = new ExclusiveRight();
    right.publish(state, 1);
    assert.deepEqual(
      [6_999, 7_000].map((ms) => [right.held(ms), right.lostForMs(ms + 10)]),
      [
        [true, 9],
        [false, 10],
      ],
    );
  });

  test('to open is for a while only, and never without the right to forward', () => {
    const right = new ExclusiveRight();
    right.publish(state, 1);
    const mayOpen = [1_999, 2_000, 3_999, 4_000].map((ms) => right.mayOpen(ms));
    assert.deepEqual(mayOpen, [false, true, true, false]);
    right.publish({ ...state, heldUntilMs: 3_000 }, 1);
    assert.equal(right.mayOpen(3_000), false);
  });

  test('given up, it counts from the moment it was', () => {
    const right = new ExclusiveRight();
    right.publish({ ...state, heldUntilMs: Number.NEGATIVE_INFINITY, lostAtMs: 6_000 }, 1);
    assert.equal(right.lostForMs(6_500), 500);
  });

  test('is one for all who share its memory', () => {
    const memory = new SharedArrayBuffer(rightBytes);
    const [writer, reader] = [new ExclusiveRight(memory), new ExclusiveRight(memory)];
    writer.publish(state, 1);
    assert.equal(reader.held(6_999), true);
  });

  test('of another epoch than the one expected is none', () => {
    const memory = new SharedArrayBuffer(rightBytes);
    const [writer, reader] = [new ExclusiveRight(memory), new ExclusiveRight(memory)];
    reader.expect(1);
    writer.publish(state, 2);
    assert.deepEqual([reader.held(3_000), reader.mayOpen(3_000)], [false, false]);
    reader.expect(2);
    assert.equal(reader.held(3_000), true);
  });
});
