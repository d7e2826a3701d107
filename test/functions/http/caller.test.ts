import assert from 'node:assert/strict';
import { test } from 'node:test';
import { machineIdOf } from '#functions/http/caller.ts';

const account = '123456789012';

test('an ec2Instance is called what its session is called', () => {
  const arn = `arn:aws:sts::${account}:assumed-role/Members/i-0123456789abcdef0`;
  assert.equal(machineIdOf(arn), 'i-0123456789abcdef0');
});

test('a member outside AWS is called what its user is called', () => {
  assert.equal(machineIdOf(`arn:aws:iam::${account}:user/etherfleet/berlin-1`), 'berlin-1');
});

test('nobody else is a member, whatever they are called', () => {
  for (const arn of [
    '',
    `arn:aws:iam::${account}:user/berlin`,
    `arn:aws:iam::${account}:user/other/etherfleet/berlin`,
    `arn:aws:iam::${account}:user/etherfleet/teams/berlin`,
    `arn:aws:iam::${account}:user/etherfleet/i-0123456789abcdef0`,
    `arn:aws:iam::${account}:user/etherfleet/Berlin`,
    `arn:aws:iam::${account}:user/etherfleet/berlin.1`,
    `arn:aws:iam::${account}:user/etherfleet/${'b'.repeat(40)}`,
    `arn:aws:iam::${account}:role/etherfleet/berlin`,
    `arn:aws:iam::${account}:root`,
    `arn:aws:sts::${account}:assumed-role/Members/berlin`,
    `arn:aws:sts::${account}:assumed-role/Members/i-0123456789abcdef0.1`,
    `arn:aws:sts::${account}:assumed-role/etherfleet/berlin`,
    `arn:aws:sts::${account}:federated-user/berlin`,
  ]) {
    assert.equal(machineIdOf(arn), undefined, arn);
  }
});
