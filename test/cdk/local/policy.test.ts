import assert from 'node:assert/strict';
import { test } from 'node:test';
import { explainRefusal } from '#cdk/local/iam/explain.ts';
import { decideAccess, policyDocumentSchema, type Statement } from '#cdk/local/iam/policy.ts';

const table = 'arn:aws:dynamodb:eu-central-1:000000000000:table/State';

function statements(...list: unknown[]): Statement[] {
  return policyDocumentSchema.parse({ Statement: list }).Statement;
}
const allow = (Action: unknown, Resource: unknown, Condition?: unknown): unknown => ({
  Effect: 'Allow',
  Action,
  Resource,
  ...(Condition === undefined ? {} : { Condition }),
});

test('what a statement names is allowed, actions without regard to case', () => {
  const policy = statements(allow(['dynamodb:GetItem', 'dynamodb:putitem'], table));
  assert.equal(decideAccess(policy, { action: 'dynamodb:PutItem', resource: table }), 'allowed');
});

test('what no statement names is not allowed', () => {
  const policy = statements(allow('dynamodb:GetItem', table));
  const cases = [
    { action: 'dynamodb:PutItem', resource: table },
    { action: 'dynamodb:GetItem', resource: `${table}2` },
    { action: 'dynamodb:GetItem', resource: table.toUpperCase() },
  ];
  for (const request of cases) assert.equal(decideAccess(policy, request), 'not allowed');
  assert.equal(decideAccess([], { action: 'a:b', resource: 'c' }), 'not allowed');
});

test('an explicit Deny wins over every Allow', () => {
  const policy = statements(allow('*', '*'), {
    Effect: 'Deny',
    Action: 'dynamodb:Delete*',
    Resource: '*',
  });
  assert.equal(
    decideAccess(policy, { action: 'dynamodb:DeleteItem', resource: table }),
    'denied explicitly',
  );
  assert.equal(decideAccess(policy, { action: 'dynamodb:GetItem', resource: table }), 'allowed');
});

test('wildcards: * is any text, ? one character, dots are dots', () => {
  const policy = statements(allow('s3:Get?bject', 'arn:aws:s3:::bucket/a.b*'));
  const decide = (action: string, resource: string): string =>
    decideAccess(policy, { action, resource });
  assert.equal(decide('s3:GetObject', 'arn:aws:s3:::bucket/a.b/c'), 'allowed');
  assert.equal(decide('s3:GetOObject', 'arn:aws:s3:::bucket/a.b/c'), 'not allowed');
  assert.equal(decide('s3:GetObject', 'arn:aws:s3:::bucket/aXb'), 'not allowed');
});

test('a condition holds only if the key is there and says so', () => {
  const policy = statements(
    allow('lambda:InvokeFunction', '*', { Bool: { 'lambda:InvokedViaFunctionUrl': 'true' } }),
  );
  const decide = (context?: Record<string, string>): string =>
    decideAccess(policy, {
      action: 'lambda:InvokeFunction',
      resource: 'x',
      ...(context === undefined ? {} : { context }),
    });
  assert.equal(decide({ 'lambda:InvokedViaFunctionUrl': 'true' }), 'allowed');
  assert.equal(decide({ 'lambda:InvokedViaFunctionUrl': 'false' }), 'not allowed');
  assert.equal(decide(), 'not allowed');
});

test('what the evaluator does not know is an error, not a guess', () => {
  const policy = statements(allow('*', '*', { IpAddress: { 'aws:SourceIp': '10.0.0.0/8' } }));
  assert.throws(() => decideAccess(policy, { action: 'a:b', resource: 'c' }), /IpAddress/);
  assert.throws(() => statements({ Effect: 'Allow', NotAction: 'a:b', Resource: '*' }));
});

const lambda = 'arn:aws:lambda:eu-central-1:000000000000:function:Api';
const caller = (...list: unknown[]) => ({
  statements: statements(...list).map((statement, index) => ({
    ...statement,
    source: `CallerPolicy.Statement[${index}]`,
  })),
  policies: ['CallerPolicy'],
});

test('a refusal names the policy line that is missing, and where', () => {
  const missing = { action: 'dynamodb:PutItem', resource: table };
  const told = explainRefusal('role Caller', caller(allow('dynamodb:GetItem', table)), missing);
  assert.equal(
    told,
    `role Caller lacks the policy line {"Effect":"Allow","Action":"dynamodb:PutItem",` +
      `"Resource":"${table}"} in CallerPolicy`,
  );
  assert.match(explainRefusal('role None', undefined, missing) ?? '', /a policy of its own/);
  const allowed = caller(allow('dynamodb:*', table));
  assert.equal(explainRefusal('role Caller', allowed, missing), undefined);
});

test('a refusal names the line that would do but for its resource or condition, or a Deny', () => {
  const elsewhere = caller(allow('dynamodb:PutItem', `${table}2`));
  const write = { action: 'dynamodb:PutItem', resource: table };
  assert.match(
    explainRefusal('role Caller', elsewhere, write) ?? '',
    /CallerPolicy\.Statement\[0\] allows it for .*State2 only/,
  );
  const condition = { StringEquals: { 'lambda:FunctionUrlAuthType': 'AWS_IAM' } };
  const call = { action: 'lambda:InvokeFunctionUrl', resource: lambda };
  assert.match(
    explainRefusal('role Caller', caller(allow('lambda:*', lambda, condition)), call) ?? '',
    /the condition of CallerPolicy\.Statement\[0\] does not hold/,
  );
  const deny = { Effect: 'Deny', Action: 'lambda:*', Resource: '*' };
  assert.equal(
    explainRefusal('role Caller', caller(allow('*', '*'), deny), call),
    'denied by CallerPolicy.Statement[1]',
  );
});
