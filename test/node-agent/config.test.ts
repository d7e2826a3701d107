import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { parseConfig } from '#node-agent/config.ts';

const good = {
  agentApiUrl: 'https://example.lambda-url.eu-central-1.on.aws/',
  region: 'eu-central-1',
  capacity: 1000,
  weight: 100,
  listen: { address: '0.0.0.0', ports: [443, 992] },
};
const ofFirst = { ...good, listen: { address: '0.0.0.0', port: 443 }, process: 0 };

describe('the configuration', () => {
  test('is what the template writes', () => {
    assert.deepEqual(parseConfig(JSON.stringify(good)), { kind: 'ok', config: ofFirst });
  });

  test('names one port for a machine that runs one process', () => {
    const listen = { address: '0.0.0.0', port: 443 };
    const parsed = parseConfig(JSON.stringify({ ...good, listen }));
    assert.deepEqual(parsed, { kind: 'ok', config: ofFirst });
  });

  test('gives each process of a machine its own port', () => {
    const parsed = parseConfig(JSON.stringify(good), { process: '1', processes: '2' });
    const listen = { address: '0.0.0.0', port: 992 };
    const config = { ...good, listen, process: 1, processes: 2 };
    assert.deepEqual(parsed, { kind: 'ok', config });
  });

  test('outside AWS, keys are a credential of systemd, or a file anywhere', () => {
    const keysOf = (credentialsFile: string, credentialsFolder?: string) => {
      const onPremises = { publicAddress: '203.0.113.7', credentialsFile };
      const parsed = parseConfig(JSON.stringify({ ...good, onPremises }), { credentialsFolder });
      return parsed.kind === 'ok' ? parsed.config.onPremises?.credentialsFile : parsed.problems;
    };
    const folder = '/run/credentials/etherfleet-agent@1.service';
    assert.equal(keysOf('aws', folder), `${folder}/aws`);
    assert.equal(keysOf('/root/keys', folder), '/root/keys');
    assert.equal(keysOf('keys'), 'keys');
  });

  for (const [options, problem] of [
    [{ process: '2' }, /no port for process 2: listen\.ports has 2/],
    [{ process: '-1' }, /no port for process -1/],
    [{ process: 'one' }, /no port for process one/],
    [{ process: '1', processes: '1' }, /process 1 of 1/],
    [{ process: '0', processes: '3' }, /process 0 of 3 on 2 ports/],
    [{ process: '0', processes: 'all' }, /process 0 of all/],
  ] as const) {
    test(`${JSON.stringify(options)} is no process of this machine`, () => {
      const parsed = parseConfig(JSON.stringify(good), options);
      assert.ok(parsed.kind === 'invalid');
      assert.match(parsed.problems, problem);
    });
  }

  const bad: readonly (readonly [string, unknown, RegExp])[] = [
    ['no JSON', '{', /not JSON/],
    ['a URL that is none', { ...good, agentApiUrl: 'somewhere' }, /agentApiUrl/],
    ['a URL of another kind', { ...good, agentApiUrl: 'file:///etc' }, /agentApiUrl/],
    [
      'a port beyond 65535',
      { ...good, listen: { address: '0.0.0.0', ports: [65_536] } },
      /listen\.port/,
    ],
    [
      'a name to listen on',
      { ...good, listen: { address: 'localhost', ports: [1] } },
      /listen\.address/,
    ],
    ['no port at all', { ...good, listen: { address: '0.0.0.0' } }, /either ports or port/],
    [
      'a port and ports',
      { ...good, listen: { address: '0.0.0.0', ports: [1], port: 2 } },
      /either ports or port/,
    ],
    ['no port', { ...good, listen: { address: '0.0.0.0', ports: [] } }, /listen\.ports/],
    ['a port for two', { ...good, listen: { address: '0.0.0.0', ports: [1, 1] } }, /named twice/],
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
