import assert from 'node:assert/strict';
import { cpSync, mkdirSync, mkdtempSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { sourceHash } from '#cdk/local/synth/source-hash.ts';
import { synthesize } from '#cdk/local/synth/synthesize.ts';

const root = fileURLToPath(new URL('../../..', import.meta.url));

/** A repository whose CDK app writes what `app.synth()` writes, without the CDK. */
function smallRepository(app: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'etherfleet-synth-'));
  for (const name of ['cdk/local', 'functions', 'node-agent', 'shared']) {
    mkdirSync(join(folder, name), { recursive: true });
  }
  for (const name of ['package.json', 'package-lock.json', 'tsconfig.json', 'cdk.json']) {
    cpSync(join(root, name), join(folder, name));
  }
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'));
  writeFileSync(join(folder, 'cdk/app.ts'), app);
  writeFileSync(join(folder, 'shared/a.ts'), 'export const a = 1;\n');
  return folder;
}

const app = `
import { writeFileSync } from 'node:fs';
const out = process.env['CDK_OUTDIR'] ?? '';
const write = (name: string, value: unknown): void =>
  writeFileSync(out + '/' + name, JSON.stringify(value));
const stack = { type: 'aws:cloudformation:stack', properties: { templateFile: 'S.template.json' } };
write('manifest.json', { artifacts: { S: stack } });
write('S.assets.json', {
  files: { h: { source: { path: 'asset.h' }, destinations: { d: { objectKey: 'h.zip' } } } },
});
const context = JSON.parse(process.env['CDK_CONTEXT_JSON'] ?? '');
write('S.template.json', { Resources: { context } });
`;

test('the app runs once per state of its sources, with the context of cdk.json', async () => {
  const repository = smallRepository(app);
  const options = { root: repository, folder: join(repository, 'out'), environment: process.env };
  const first = await synthesize(options);
  assert.equal(first.cached, false);
  assert.ok(
    '@aws-cdk/aws-iam:minimizePolicies' in (first.assembly.template.Resources['context'] ?? {}),
  );
  assert.match(first.assembly.assetDirectory('h.zip'), /\/out\/[0-9a-f]{16}\/asset\.h$/);
  assert.throws(() => first.assembly.assetDirectory('x.zip'), /x\.zip/);

  assert.equal((await synthesize(options)).cached, true);
  writeFileSync(join(repository, 'cdk/local/main.ts'), 'what runs it is not part of it');
  assert.equal((await synthesize(options)).cached, true);
  writeFileSync(join(repository, 'shared/a.ts'), 'export const a = 2;\n');
  assert.equal((await synthesize(options)).cached, false);
});

test('an app that fails says why, and leaves nothing to be taken for a result', async () => {
  const repository = smallRepository(`throw new Error('no such construct');`);
  const options = { root: repository, folder: join(repository, 'out'), environment: process.env };
  await assert.rejects(synthesize(options), /no such construct/);
  await assert.rejects(synthesize(options), /no such construct/);
});

test('the hash follows content and names, not times', async () => {
  const repository = smallRepository(app);
  const before = await sourceHash(repository);
  writeFileSync(join(repository, 'shared/a.ts'), 'export const a = 1;\n');
  assert.equal(await sourceHash(repository), before);
  writeFileSync(join(repository, 'shared/b.ts'), '');
  assert.notEqual(await sourceHash(repository), before);
});
