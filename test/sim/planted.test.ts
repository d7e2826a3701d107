import assert from 'node:assert/strict';
import { test } from 'node:test';
import { planted } from './plants.ts';
import { simulate } from './simulation.ts';

/** A mistake that this many worlds do not show could stay unnoticed for long. */
const seedsMax = 60;

for (const { name, plants, noticedAs } of planted) {
  test(`planted and found: ${name}`, async (context) => {
    for (let seed = 1; seed <= seedsMax; seed++) {
      const { violation } = await simulate(seed, { plants });
      if (violation === undefined) continue;
      const { invariant, what } = violation;
      const expected = noticedAs.some((start) => invariant.startsWith(start));
      assert.ok(expected, `seed ${seed}: ${invariant}: ${what}`);
      context.diagnostic(`seed ${seed}: ${invariant}: ${what}`);
      return;
    }
    assert.fail(`not found in ${seedsMax} seeds`);
  });
}
