import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { synthesize } from '#cdk/local/synth/synthesize.ts';
import { synthesized } from './template.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));

test('another synthesis, elsewhere, is the same template with the same assets', async () => {
  const { assembly: first } = await synthesized();
  const folder = mkdtempSync(join(tmpdir(), 'etherfleet-twice-'));
  try {
    const { assembly: second, cached } = await synthesize({
      root,
      folder,
      environment: process.env,
    });
    assert.equal(cached, false);
    // Bundles are named by their content.
    assert.deepEqual(second.template, first.template);
    const cdkJson = readFileSync(join(root, 'cdk.json'), 'utf8');
    assert.match(cdkJson, /"app": "node --import tsx cdk\/app.ts"/, 'what `npx cdk` runs');
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
