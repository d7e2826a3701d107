import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  isProcessNumber,
  machineId,
  machineOf,
  memberId,
  memberIdOn,
  processesMax,
} from '#shared/kernel/ids.ts';

test('the first member of a machine is called as it is, the others by their numbers', () => {
  for (const machine of ['i-0123456789abcdef0', 'berlin', 'berlin-1'].map(machineId)) {
    assert.equal(memberIdOn(machine, 0), machine);
    assert.equal(memberIdOn(machine, 1), `${machine}.1`);
    for (let process = 0; process < processesMax; process += 1) {
      assert.equal(machineOf(memberIdOn(machine, process)), machine);
    }
  }
  assert.notEqual(machineOf(memberId('berlin-1')), machineOf(memberId('berlin')));
});

test('numbers of processes are whole and bounded', () => {
  for (const number of [0, 1, processesMax - 1]) assert(isProcessNumber(number));
  for (const number of [-1, 0.5, processesMax, Number.NaN, Number.POSITIVE_INFINITY]) {
    assert(!isProcessNumber(number), String(number));
  }
});
