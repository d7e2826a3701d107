import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { parseOptions } from '#cdk/local/options.ts';

test('without options: front door, three members and a state file of their own', () => {
  assert.deepEqual(parseOptions([], '/repo'), {
    frontDoor: { address: '127.0.0.1', port: 8_443 },
    members: [10_443, 10_444, 10_445].map((port) => ({ address: '127.0.0.1', port })),
    desired: undefined,
    cores: 1,
    adminPassword: undefined,
    context: [],
    dataFolder: undefined,
    replaceAfterMs: 60_000,
    stateFile: '/repo/.local/cluster.json',
    demo: false,
  });
});

test('members given replace the default ones', () => {
  const options = parseOptions(
    ['--member', '10.0.0.1:443', '--member', '10.0.0.2:443', '--replace-after', '0.5', '--demo'],
    '/repo',
  );
  assert.deepEqual(options.members, [
    { address: '10.0.0.1', port: 443 },
    { address: '10.0.0.2', port: 443 },
  ]);
  assert.equal(options.replaceAfterMs, 500);
  assert.equal(options.demo, true);
});

const start = fileURLToPath(new URL('../../../cdk/local/start.mjs', import.meta.url));
const mistakes: Record<string, [string[], RegExp]> = {
  'a name instead of an address': [['--member', 'localhost:443'], /expected an IPv4 address/],
  'a port out of range': [['--front-door', '127.0.0.1:70000'], /expected an IPv4 address/],
  'one endpoint twice': [['--member', '127.0.0.1:8443'], /127\.0\.0\.1:8443 is given twice/],
  'an unknown option': [['--members', '3'], /unknown option/],
};
for (const [name, [argv, message]] of Object.entries(mistakes)) {
  test(`${name} is explained, and nothing starts`, () => {
    const { status, stderr } = spawnSync(process.execPath, [start, ...argv], {
      encoding: 'utf8',
      timeout: 30_000,
    });
    assert.equal(status, 1);
    assert.match(stderr, message);
  });
}
