import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { onPremisesMembers } from '#cdk/constructs/on-premises.ts';
import { machineIdOf } from '#functions/http/caller.ts';
import { parseConfig } from '#node-agent/config.ts';

test('members outside AWS are named with their address; the control plane knows the names', () => {
  const members = onPremisesMembers('berlin@203.0.113.7,new-york@198.51.100.1');
  assert.deepEqual(members, [
    { name: 'berlin', address: '203.0.113.7' },
    { name: 'new-york', address: '198.51.100.1' },
  ]);
  for (const { name } of members) {
    assert.equal(machineIdOf(`arn:aws:iam::123456789012:user/etherfleet/${name}`), name);
  }
  assert.deepEqual(onPremisesMembers(), [], 'none unless they are asked for');
});

test('a name that could be an instance’s, or no address, is refused', () => {
  for (const text of [
    'i-1@203.0.113.7',
    'Berlin@203.0.113.7',
    'berlin',
    'berlin@host',
    '@1.2.3.4',
  ]) {
    assert.throws(() => onPremisesMembers(text), /outside AWS|no IPv4/, text);
  }
});

test('what is packed fits: the agent reads the example, the unit says which process', () => {
  const file = (name: string) =>
    readFileSync(new URL(`../../cdk/on-premises/${name}`, import.meta.url), 'utf8');
  const example = file('agent.example.json').replace('REPLACE.', 'abc.').replace('REGION', 'eu');
  const credentialsFolder = '/run/credentials/x';
  const parsed = parseConfig(example, { process: '0', credentialsFolder });
  assert.equal(parsed.kind, 'ok', parsed.kind === 'ok' ? '' : parsed.problems);
  const unit = file('etherfleet-agent@.service');
  assert.match(unit, /^ExecStart=.* --process %i$/m);
  assert.match(unit, /^LoadCredential=aws:/m);
  assert.match(unit, /^RestartPreventExitStatus=0$/m);
});
