import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { searchAtRandom, searchByCoverage } from './search.ts';
import type { Target } from './target.ts';
import { targets } from './targets.ts';

/** The same inputs each time: `npm run fuzz` looks for new ones. */
const seed = 1;

function rounds(count: number): () => boolean {
  let left = count;
  return () => left-- > 0;
}

describe('what strangers send is never misread', () => {
  for (const target of targets) {
    test(`${target.name}: good inputs`, () => {
      assert.ok(target.seeds.length > 0);
      for (const input of target.seeds) target.run(input);
    });

    test(`${target.name}: inputs changed at random`, () => {
      const { fault, runs } = searchAtRandom(target, { seed, goOn: rounds(3) });
      assert.equal(fault, undefined);
      assert.ok(runs >= 600);
    });

    test(`${target.name}: inputs that reach further`, () => {
      const found = searchByCoverage(target, { seed, goOn: rounds(target.seeds.length + 50) });
      assert.equal(found.fault, undefined);
      assert.ok(found.reached > 10, 'coverage is counted');
    });
  }
});

describe('the searches', () => {
  const fragile: Target = {
    name: 'fragile',
    seeds: [Buffer.from('good input')],
    files: /fuzz\.test/,
    run: (input) => {
      if (input.length < 5 || input[0] !== 0x67) return;
      if (input[1] === 0xff) throw new Error('broken');
    },
  };

  test('at random: a fault is found, and named with its input', () => {
    const { fault } = searchAtRandom(fragile, { seed, goOn: rounds(50) });
    assert.match(fault?.error ?? '', /broken/);
    assert.match(fault?.input ?? '', /^67ff/);
  });

  test('by coverage: likewise', () => {
    const { fault } = searchByCoverage(fragile, { seed, goOn: rounds(50_000) });
    assert.match(fault?.error ?? '', /broken/);
    assert.match(fault?.input ?? '', /^67ff/);
  });
});
