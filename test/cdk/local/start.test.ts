import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { ClusterView } from '#cdk/local/state-file.ts';
import { eventually } from '#test/support/eventually.ts';

const start = fileURLToPath(new URL('../../../cdk/local/start.mjs', import.meta.url));
const readyLimitMs = 120_000;
const stopLimitMs = 15_000;
/** Ports nobody else in this repository's tests uses. */
const frontDoor = '127.0.0.1:18443';
const members = ['127.0.0.1:18501', '127.0.0.1:18502'];

interface Started {
  readonly child: ChildProcess;
  readonly stateFile: string;
  readonly output: () => string;
  readonly state: () => ClusterView;
}

function startCluster(
  context: TestContext,
  folder: string,
  options: readonly string[] = [],
  at: { readonly frontDoor: string; readonly members: readonly string[] } = { frontDoor, members },
): Started {
  const stateFile = join(folder, 'cluster.json');
  const child = spawn(
    process.execPath,
    [
      start,
      ...['--front-door', at.frontDoor, '--state', stateFile, '--data', join(folder, 'data')],
      ...['--replace-after', '1', ...options],
      ...at.members.flatMap((member) => ['--member', member]),
    ],
    { stdio: ['ignore', 'pipe', 'pipe'] },
  );
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on('data', (chunk: Buffer) => {
      output += chunk.toString();
    });
  }
  context.after(() => child.kill('SIGKILL'));
  return {
    child,
    stateFile,
    output: () => output,
    state: () => JSON.parse(readFileSync(stateFile, 'utf8')),
  };
}

async function untilReady({ child, stateFile, output }: Started): Promise<void> {
  await eventually(() => {
    assert.equal(child.exitCode, null, output());
    return existsSync(stateFile) ? undefined : output();
  }, readyLimitMs);
}

const isAlive = (pid: number): boolean => {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
};

test('it starts, replaces a killed member, starts again, leaves nothing', async (context) => {
  const folder = mkdtempSync(join(tmpdir(), 'etherfleet-start-'));
  const first = startCluster(context, folder, ['--admin-password', 'test-pw']);
  await untilReady(first);
  const state = first.state();
  assert.equal(state.admin.url, `https://${frontDoor}/api/`);
  assert.equal(state.admin.password, 'test-pw');
  assert.deepEqual(
    state.members.map(({ address, port, state: word }) => `${address}:${port} ${word}`),
    members.map((member) => `${member} active`),
  );
  assert.match(first.output(), /vpncmd localhost \/CLIENT \/CMD AccountConnect/);

  // Elsewhere, but with the same files: it is sent away, and nothing of the first is touched.
  const elsewhere = { frontDoor: '127.0.0.1:18444', members: ['127.0.0.1:18511'] };
  for (const [options, remedy] of [
    [[], /works in .*: end it, or choose another folder with --data DIR/],
    [['--data', join(folder, 'other')], /is told of in .*: end it, or choose .* --state FILE/],
  ] as const) {
    const intruder = startCluster(context, folder, options, elsewhere);
    await once(intruder.child, 'exit', { signal: AbortSignal.timeout(readyLimitMs) });
    assert.match(intruder.output(), remedy);
    assert.deepEqual(first.state().admin, state.admin);
  }

  const [victim] = state.members;
  assert.ok(victim);
  process.kill(victim.pid, 'SIGKILL');
  await eventually(() => {
    const now = first.state().members[0];
    return now?.id !== victim.id && now?.state === 'active' ? undefined : JSON.stringify(now);
  }, 30_000);

  const pids = first.state().members.map(({ pid }) => pid);
  first.child.kill('SIGINT');
  await once(first.child, 'exit', { signal: AbortSignal.timeout(stopLimitMs) });
  assert.equal(first.child.exitCode, 0, first.output());
  assert.equal(existsSync(first.stateFile), false);
  assert.deepEqual(pids.filter(isAlive), []);

  const second = startCluster(context, folder);
  await untilReady(second);
  assert.equal(second.state().admin.password, 'test-pw', 'secrets are kept');
  assert.deepEqual(
    new Set(second.state().members.map(({ state: word }) => word)),
    new Set(['active']),
  );
  // The worst end: nobody had the time to end the members.
  const orphans = second.state().members.map(({ pid }) => pid);
  second.child.kill('SIGKILL');
  await eventually(
    () => (orphans.some(isAlive) ? 'members outlive a killed cluster' : undefined),
    5_000,
  );
});
