import assert from 'node:assert/strict';
import { test } from 'node:test';
import { onPremisesMembers } from '#cdk/constructs/on-premises.ts';
import { machineIdOf } from '#functions/http/caller.ts';

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
