import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Attendance } from '#node-agent/control/attendance.ts';
import { witnessTiming } from '#node-agent/control/witness-timing.ts';
import { timing } from '#shared/contract/timing.ts';

const clockwork = witnessTiming(timing);
const { askEveryMs, listenMs, validMs } = clockwork;

test('who looks around regularly is there all along', () => {
  const attendance = new Attendance();
  for (let nowMs = 0; nowMs < 60_000; nowMs += askEveryMs) {
    attendance.look(nowMs, nowMs, clockwork);
    assert.equal(attendance.untilMs(nowMs, clockwork), nowMs + validMs);
  }
});

test('who never looked is not there', () => {
  assert.equal(new Attendance().untilMs(0, clockwork), Number.NEGATIVE_INFINITY);
});

test('who was stopped is not there for as long as others may take to tell it', () => {
  const attendance = new Attendance();
  attendance.look(0, 0, clockwork);
  attendance.look(validMs, askEveryMs, clockwork);
  const backMs = validMs + listenMs;
  for (let nowMs = validMs; nowMs < backMs; nowMs += askEveryMs) {
    attendance.look(nowMs, nowMs, clockwork);
    assert.equal(attendance.untilMs(nowMs, clockwork), Number.NEGATIVE_INFINITY);
  }
  attendance.look(backMs, backMs, clockwork);
  assert.equal(attendance.untilMs(backMs, clockwork), backMs + validMs);
});
