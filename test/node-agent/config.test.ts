import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { parseConfig } from '#node-agent/config.ts';

const good = {
  agentApiUrl: 'https://example.lambda-url.eu-central-1.on.aws/',
  region: 'eu-central-1',
  capacity: 1000,
  weight: 100,
  listen: { address: '0.0.0.0', port: 443 },
};

describe('the configuration', () => {
  test('is what the template writes', () => {
    assert.deepEqual(parseConfig(JSON.stringify(good)), { kind: 'ok', config: good });
  });

  const bad: readonly (readonly [string, unknown, RegExp])[] = [
    ['no JSON', '{', /not JSON/],
    ['a URL that is none', { ...good, agentApiUrl: 'somewhere' }, /agentApiUrl/],
    ['a URL of another kind', { ...good, agentApiUrl: 'file:///etc' }, /agentApiUrl/],
    [
      'a port beyond 65535',
      { ...good, listen: { address: '0.0.0.0', port: 65_536 } },
      /listen\.port/,
    ],
    [
      'a name to listen on',
      { ...good, listen: { address: 'localhost', port: 1 } },
      /listen\.address/,
    ],
    ['no capacity', { ...good, capacity: 0 }, /capacity/],
    ['a misspelt field', { ...good, wieght: 100 }, /wieght/],
  ];
  for (const [what, config, problem] of bad) {
    test(`${what} is named`, () => {
      const parsed = parseConfig(typeof config === 'string' ? config : JSON.stringify(config));
      assert.ok(parsed.kind === 'invalid');
      assert.match(parsed.problems, problem);
    });
  }
});
