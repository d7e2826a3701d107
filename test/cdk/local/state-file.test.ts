import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { type ClusterView, StateFile } from '#cdk/local/state-file.ts';

function view(count: number): ClusterView {
  return {
    ready: true,
    frontDoor: { address: '127.0.0.1', port: 8_443 },
    admin: { url: 'https://127.0.0.1:8443/api/', password: 'secret' },
    members: Array.from({ length: count }, (_, index) => ({
      id: `i-${index}`,
      address: '127.0.0.1',
      port: 10_443 + index,
      pid: 1,
      agentPid: 2,
      state: 'active',
    })),
  };
}

test('whoever reads it while it is rewritten finds one whole state or the other', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'etherfleet-state-'));
  const path = join(folder, 'made', 'cluster.json');
  const file = new StateFile(path);
  await file.write(view(1));
  const writes = Array.from({ length: 200 }, (_, index) => file.write(view(1 + (index % 50))));
  let reading = true;
  const written = Promise.all(writes).finally(() => {
    reading = false;
  });
  let reads = 0;
  while (reading) {
    const state = JSON.parse(readFileSync(path, 'utf8'));
    assert.equal(state.ready, true);
    reads += 1;
    await new Promise(setImmediate);
  }
  await written;
  assert.ok(reads > 1);
  assert.deepEqual(JSON.parse(readFileSync(path, 'utf8')), view(50));
  assert.deepEqual(
    readdirSync(join(folder, 'made')),
    ['cluster.json'],
    'nothing is left beside it',
  );
});

test('only its owner may read it, for it holds the password', async () => {
  const path = join(mkdtempSync(join(tmpdir(), 'etherfleet-state-')), 'cluster.json');
  const file = new StateFile(path);
  await file.write(view(1));
  assert.equal(statSync(path).mode & 0o777, 0o600);
});

test('when the cluster ends it is gone', async () => {
  const path = join(mkdtempSync(join(tmpdir(), 'etherfleet-state-')), 'cluster.json');
  const file = new StateFile(path);
  void file.write(view(1));
  await file.remove();
  assert.equal(existsSync(path), false);
});
