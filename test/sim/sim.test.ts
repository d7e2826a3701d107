import assert from 'node:assert/strict';
import { test } from 'node:test';
import { simulate, stringifyFailure } from './simulation.ts';

/** `npm run test:sim` runs more of them. */
const seeds = 100;

test(`${seeds} seeds: the invariants hold, and after the accidents all comes right`, async () => {
  const failures: string[] = [];
  for (let seed = 1; seed <= seeds; seed++) {
    const result = await simulate(seed);
    if (result.violation !== undefined) failures.push(stringifyFailure(result));
  }
  assert.deepEqual(failures, []);
});

test('the same seed is the same run, another seed is another', async () => {
  const [one, again, other] = [await simulate(7), await simulate(7), await simulate(8)];
  assert.equal(one.digest, again.digest);
  assert.equal(one.events, again.events);
  assert.notEqual(one.digest, other.digest);
});
