import assert from 'node:assert/strict';
import { test } from 'node:test';
import { identityPolicies } from '#cdk/local/iam/identity-policies.ts';
import { keyUse } from '#cdk/local/iam/key-policies.ts';
import { assertTrusts } from '#cdk/local/iam/trust.ts';
import { assertLogsAreWritten } from '#cdk/local/lambda/log-permission.ts';
import { Stack } from '#cdk/local/template/stack.ts';
import type { Template } from '#cdk/local/template/template.ts';

const deployed = (Resources: Template['Resources']): Stack =>
  new Stack(
    { Resources },
    { queueEndpoint: 'http://q', frontDoor: '127.0.0.1', functionUrl: () => '' },
    {},
  );
const document = (Action: string, Resource: unknown = '*') => ({
  PolicyDocument: { Statement: [{ Effect: 'Allow', Action, Resource }] },
});
const actionsOf = (stack: Stack, holder: string): string[] =>
  (identityPolicies(stack).get(holder)?.statements ?? []).flatMap(({ Action }) => Action);

test('a user has the policies that name it, its own, and those of its groups', () => {
  const stack = deployed({
    Crew: { Type: 'AWS::IAM::Group' },
    Berlin: {
      Type: 'AWS::IAM::User',
      Properties: {
        UserName: 'berlin',
        Path: '/sites/',
        Groups: [{ Ref: 'Crew' }],
        ManagedPolicyArns: [{ Ref: 'Managed' }],
        Policies: [{ PolicyName: 'p', ...document('a:Own') }],
      },
    },
    Managed: { Type: 'AWS::IAM::ManagedPolicy', Properties: document('a:Managed') },
    Attached: {
      Type: 'AWS::IAM::Policy',
      Properties: { Users: [{ Ref: 'Berlin' }], ...document('a:Attached') },
    },
    OfCrew: {
      Type: 'AWS::IAM::Policy',
      Properties: { Groups: [{ Ref: 'Crew' }], ...document('a:Crew') },
    },
  });
  assert.deepEqual(actionsOf(stack, 'user berlin').sort(), [
    ...['a:Attached', 'a:Crew', 'a:Managed', 'a:Own'],
  ]);
  const [user] = stack.ofType('AWS::IAM::User');
  assert.equal(user?.attribute('Arn'), 'arn:aws:iam::000000000000:user/sites/berlin');
});

test('a policy for a role that is not there is an error', () => {
  const stack = deployed({
    Attached: { Type: 'AWS::IAM::Policy', Properties: { Roles: ['Nobody'], ...document('a:b') } },
  });
  assert.throws(() => identityPolicies(stack), /Attached: no role Nobody/);
});

test('a role nobody lets the service assume starts nothing', () => {
  const role = (service: string) => ({
    Statement: [{ Effect: 'Allow', Action: 'sts:AssumeRole', Principal: { Service: service } }],
  });
  const stack = deployed({
    Ours: {
      Type: 'AWS::IAM::Role',
      Properties: { AssumeRolePolicyDocument: role('ec2.amazonaws.com') },
    },
  });
  const ours = stack.only('AWS::IAM::Role');
  assert.doesNotThrow(() => assertTrusts(ours, 'ec2.amazonaws.com'));
  assert.throws(() => assertTrusts(ours, 'lambda.amazonaws.com'), /Ours: .*lambda\.amazonaws\.com/);
});

test('a function that may not write its log is not deployed', () => {
  const resources = (allowed: string) => ({
    Role: { Type: 'AWS::IAM::Role', Properties: { Policies: [document(allowed)] } },
    Fn: { Type: 'AWS::Lambda::Function', Properties: { Role: { 'Fn::GetAtt': ['Role', 'Arn'] } } },
  });
  const check = (allowed: string): void => {
    const stack = deployed(resources(allowed));
    assertLogsAreWritten(stack, identityPolicies(stack));
  };
  assert.doesNotThrow(() => check('logs:*'));
  assert.throws(() => check('logs:CreateLogStream'), /Fn loses its log: .*"logs:PutLogEvents"/);
});

test('whoever reads what a key protects needs the key; the key must leave that to IAM', () => {
  const key = (principal: unknown) => ({
    Key: {
      Type: 'AWS::KMS::Key',
      Properties: {
        KeyPolicy: { Statement: [{ Effect: 'Allow', Action: 'kms:*', Principal: principal }] },
      },
    },
  });
  const root = { AWS: 'arn:aws:iam::000000000000:root' };
  const stack = deployed(key(root));
  const keyArn = stack.only('AWS::KMS::Key').attribute('Arn');
  assert.deepEqual(keyUse(stack, keyArn, 'secretsmanager', ['Decrypt'])[0], {
    action: 'kms:Decrypt',
    resource: keyArn,
    context: {
      'kms:ViaService': 'secretsmanager.eu-central-1.amazonaws.com',
      'kms:CallerAccount': '000000000000',
    },
  });
  assert.deepEqual(keyUse(stack, 'alias/aws/sqs', 'sqs', ['Decrypt']), []);
  const closed = deployed(key({ Service: 'logs.amazonaws.com' }));
  assert.throws(() => keyUse(closed, keyArn, 'sqs', ['Decrypt']), /Key: only a key/);
});
