import assert from 'node:assert/strict';
import { test } from 'node:test';
import { synthesized, text } from './template.ts';

const { of, only } = await synthesized();

test('the table keeps its data: on demand, encrypted, restorable, retained, protected', () => {
  const table = only('AWS::DynamoDB::Table');
  assert.equal(table.deletionPolicy, 'Retain');
  assert.equal(table.properties['DeletionProtectionEnabled'], true);
  assert.equal(table.properties['BillingMode'], 'PAY_PER_REQUEST');
  assert.deepEqual(table.properties['SSESpecification'], { SSEEnabled: true });
  assert.deepEqual(table.properties['PointInTimeRecoverySpecification'], {
    PointInTimeRecoveryEnabled: true,
  });
  assert.deepEqual(table.properties['TimeToLiveSpecification'], {
    AttributeName: 'ttl',
    Enabled: true,
  });
  assert.deepEqual(table.properties['KeySchema'], [
    { AttributeName: 'pk', KeyType: 'HASH' },
    { AttributeName: 'sk', KeyType: 'RANGE' },
  ]);
});

test('secrets are generated: a 64 character key in JSON, and a password', () => {
  const generators = of('AWS::SecretsManager::Secret').map(
    ({ properties }) => properties['GenerateSecretString'],
  );
  assert.deepEqual(generators, [
    {
      ExcludePunctuation: true,
      GenerateStringKey: 'key',
      PasswordLength: 64,
      SecretStringTemplate: '{}',
    },
    { ExcludePunctuation: true, PasswordLength: 24 },
  ]);
});

test('what seals credentials outlives the stack, unless its first deployment failed', () => {
  const key = only('AWS::KMS::Key');
  assert.equal(key.properties['EnableKeyRotation'], true);
  for (const one of [key, ...of('AWS::SecretsManager::Secret')]) {
    assert.equal(one.deletionPolicy, 'RetainExceptOnCreate', one.id);
  }
  for (const { id, properties } of of('AWS::SecretsManager::Secret')) {
    assert.ok(text(properties['KmsKeyId']).includes(`"${key.id}"`), id);
  }
});
