import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Template } from '#cdk/local/template/template.ts';
import { callerRole, startLocalAws } from './local-aws.ts';

const table: Template['Resources'] = {
  Table: {
    Type: 'AWS::DynamoDB::Table',
    Properties: {
      AttributeDefinitions: [
        { AttributeName: 'pk', AttributeType: 'S' },
        { AttributeName: 'sk', AttributeType: 'S' },
      ],
      KeySchema: [
        { AttributeName: 'pk', KeyType: 'HASH' },
        { AttributeName: 'sk', KeyType: 'RANGE' },
      ],
      BillingMode: 'PAY_PER_REQUEST',
      TimeToLiveSpecification: { AttributeName: 'ttl', Enabled: true },
    },
  },
};
const tableArn = { 'Fn::GetAtt': ['Table', 'Arn'] };
const item = { pk: { S: 'HUB#office' }, sk: { S: 'CONFIG' } };
const operation = (name: string): string => `DynamoDB_20120810.${name}`;

test('granted operations on the template’s table work', async (context) => {
  const actions = ['dynamodb:PutItem', 'dynamodb:GetItem', 'dynamodb:BatchGetItem'];
  const aws = await startLocalAws(context, 'dynamodb', {
    Resources: { ...table, ...callerRole(actions, tableArn) },
  });
  await aws.call(operation('PutItem'), { TableName: 'Table', Item: item });
  assert.deepEqual(await aws.call(operation('GetItem'), { TableName: 'Table', Key: item }), {
    Item: item,
  });
  const many = await aws.call(operation('BatchGetItem'), {
    RequestItems: { Table: { Keys: [item] } },
  });
  assert.deepEqual((many as { Responses: unknown }).Responses, { Table: [item] });
});

test('an operation without a grant is denied as AWS denies it', async (context) => {
  const aws = await startLocalAws(context, 'dynamodb', {
    Resources: { ...table, ...callerRole(['dynamodb:GetItem'], tableArn) },
  });
  await assert.rejects(
    aws.call(operation('PutItem'), { TableName: 'Table', Item: item }),
    /AccessDeniedException.*assumed-role\/Caller\/test is not .*dynamodb:PutItem.*table\/Table/,
  );
  assert.equal(aws.refusals.length, 1);
});

test('a grant for another table is no grant', async (context) => {
  const other = 'arn:aws:dynamodb:eu-central-1:000000000000:table/Other';
  const aws = await startLocalAws(context, 'dynamodb', {
    Resources: { ...table, ...callerRole(['dynamodb:GetItem'], other) },
  });
  await assert.rejects(
    aws.call(operation('GetItem'), { TableName: 'Table', Key: item }),
    /AccessDeniedException/,
  );
});

test('an unsigned request goes nowhere', async (context) => {
  const aws = await startLocalAws(context, 'dynamodb', {
    Resources: { ...table, ...callerRole(['dynamodb:GetItem'], tableArn) },
  });
  const answer = await fetch(aws.endpoint, {
    method: 'POST',
    headers: { 'x-amz-target': operation('GetItem') },
    body: JSON.stringify({ TableName: 'Table', Key: item }),
  });
  assert.equal(answer.status, 400);
  assert.match(await answer.text(), /MissingAuthenticationTokenException/);
});

test('a managed policy nobody here knows is an error that names it', async (context) => {
  const managed = 'arn:aws:iam::aws:policy/AdministratorAccess';
  await assert.rejects(
    startLocalAws(context, 'dynamodb', {
      Resources: {
        Caller: { Type: 'AWS::IAM::Role', Properties: { ManagedPolicyArns: [managed] } },
      },
    }),
    /Caller: .*AdministratorAccess/,
  );
});
