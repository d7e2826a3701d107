import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Lines } from '#cdk/local/lambda/lines.ts';

test('lines are the same wherever the output was cut', () => {
  const bytes = Buffer.from('first\n\n{"é":"second"}\nunfinished');
  for (let at = 0; at <= bytes.length; at += 1) {
    const found: string[] = [];
    const lines = new Lines((line) => found.push(line));
    lines.push(bytes.subarray(0, at));
    lines.push(bytes.subarray(at));
    assert.deepEqual(found, ['first', '', '{"é":"second"}'], `cut at ${at}`);
  }
});

test('a line without an end is not kept without an end', () => {
  const found: string[] = [];
  const lines = new Lines((line) => found.push(line));
  for (let part = 0; part < 40; part += 1) lines.push(Buffer.alloc(16_384, 'x'));
  lines.push(Buffer.from('\nnext\n'));
  assert.equal(found.at(-1), 'next');
  assert((found[0]?.length ?? 0) <= 256 * 1024 + 16_384);
});
