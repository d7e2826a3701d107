import assert from 'node:assert/strict';
import { test } from 'node:test';
import { env } from '#functions/env.ts';
import { constructOf, type Statement, synthesized, text } from './template.ts';

const template = await synthesized();
const { of, functionCalled, only, statementsOf } = template;

const listOf = (value: unknown): unknown[] => (Array.isArray(value) ? value : [value]);
const actionsIn = (statement: Statement): string[] => listOf(statement.Action).map(String);
const roleOf = (folder: string): string => `${constructOf(folder)}FunctionRole`;

/** Writing their own log, which all functions may. */
const logging = ['logs:CreateLogStream', 'logs:PutLogEvents'];
const actionsOf = (role: string): string[] =>
  statementsOf(role)
    .flatMap(actionsIn)
    .filter((action) => !logging.includes(action))
    .sort();

const items = ['BatchGetItem', 'DeleteItem', 'GetItem', 'PutItem', 'Query', 'UpdateItem'].map(
  (action) => `dynamodb:${action}`,
);
/** Reading what the secrets' key encrypts. */
const secret = ['kms:Decrypt', 'secretsmanager:GetSecretValue'];
const fed = ['ChangeMessageVisibility', 'DeleteMessage', 'GetQueueAttributes', 'GetQueueUrl'];
/** Being fed by a queue, and sending to it. */
const queue = [...fed, 'ReceiveMessage', 'SendMessage'].map((action) => `sqs:${action}`);
const replace = 'autoscaling:SetInstanceHealth';

/** What each function reads of its environment, and what its role may do. */
const expected: Readonly<Record<string, { variables: string[]; actions: string[] }>> = {
  frontdoor: {
    variables: [
      ...[env.tableName, env.clusterSecretArn, env.adminPasswordArn],
      ...[env.memberGroupName, env.wakePolicyArn],
    ],
    actions: [
      ...['autoscaling:DescribeAutoScalingGroups', 'autoscaling:ExecutePolicy'],
      ...[...items, ...secret],
    ],
  },
  admin: {
    variables: [env.tableName, env.clusterSecretArn, env.adminPasswordArn],
    actions: [...items, ...secret],
  },
  'agent-api': {
    variables: [
      ...[env.tableName, env.clusterSecretArn, env.adminPasswordArn],
      env.watchdogQueueUrl,
    ],
    actions: [...items, ...secret, 'sqs:SendMessage'],
  },
  watchdog: {
    variables: [env.tableName, env.watchdogQueueUrl],
    actions: [replace, ...items, ...queue],
  },
  lifecycle: {
    variables: [env.tableName, env.lifecycleQueueUrl],
    actions: [
      'autoscaling:CompleteLifecycleAction',
      'autoscaling:RecordLifecycleActionHeartbeat',
      ...items,
      ...queue,
    ],
  },
  termination: {
    variables: [env.tableName],
    actions: ['dynamodb:BatchGetItem', 'dynamodb:Query'],
  },
  sweeper: {
    variables: [env.tableName, env.sweeperQueueUrl, env.watchdogQueueUrl, env.clusterName],
    actions: [replace, ...items, ...queue, 'sqs:SendMessage'], // to the watchdog
  },
  certificate: {
    variables: [env.certificateQueueUrl, env.clusterName],
    actions: [
      ...['acm:AddTagsToCertificate', 'acm:ImportCertificate', 'acm:ImportCertificate'],
      ...['acm:DeleteCertificate', 'acm:DescribeCertificate'],
      ...queue,
    ],
  },
};

test('each function gets exactly the environment names it reads', () => {
  assert.equal(of('AWS::Lambda::Function').length, Object.keys(expected).length);
  for (const [folder, { variables }] of Object.entries(expected)) {
    const { Environment: environment } = functionCalled(folder).properties as {
      Environment: { Variables: object };
    };
    const names = Object.keys(environment.Variables).sort();
    assert.deepEqual(names, [...variables, 'NODE_OPTIONS'].sort(), folder);
  }
});

test('each role may do what its function does and nothing else', () => {
  for (const [folder, { actions }] of Object.entries(expected)) {
    // Equal statements about two secrets are one statement in the template.
    const allowed = new Set(actionsOf(roleOf(folder)));
    assert.deepEqual([...allowed], [...new Set(actions)].sort(), folder);
  }
});

test('a function writes its own log and no other of the account', () => {
  for (const folder of Object.keys(expected)) {
    const { LogGroup: group } = functionCalled(folder).properties['LoggingConfig'] as {
      LogGroup: { Ref: string };
    };
    const statements = statementsOf(roleOf(folder)).filter((statement) =>
      actionsIn(statement).some((action) => logging.includes(action)),
    );
    assert.deepEqual(
      statements.map((statement) => [statement.Action, statement.Resource]),
      [[logging, { 'Fn::GetAtt': [group.Ref, 'Arn'] }]],
      folder,
    );
  }
  const managed = of('AWS::IAM::Role').filter(({ properties }) => properties['ManagedPolicyArns']);
  assert.deepEqual(managed, []);
});

test('functions act upon the one group, never upon another of the account', () => {
  const group = only('AWS::AutoScaling::AutoScalingGroup');
  const statements = of('AWS::IAM::Role')
    .flatMap(({ id }) => statementsOf(id))
    .filter(({ Action: action }) => /autoscaling:(?!Describe)/.test(text(action)));
  assert(statements.length >= 3);
  for (const { Resource: resource } of statements) {
    if (text(resource).includes('*')) continue;
    assert.deepEqual(resource, { 'Fn::GetAtt': [group.id, 'AutoScalingGroupARN'] });
  }
  // Who is there before the group knows its name only, which is unique.
  const [named, ...others] = statements.filter(({ Resource: one }) => text(one).includes('*'));
  assert.deepEqual(others, []);
  assert.match(
    text(named?.Resource),
    new RegExp(
      `:autoScalingGroup:\\*:autoScalingGroupName/${group.properties['AutoScalingGroupName']}"`,
    ),
  );
});

test('the secrets’ key decrypts, for each reader, its secrets by way of their service', () => {
  const statements = of('AWS::IAM::Role').flatMap(({ id }) =>
    statementsOf(id).filter((one) => text(one.Action).includes('kms:')),
  );
  assert(statements.length >= 3);
  for (const { Action: action, Condition: condition } of statements) {
    assert.equal(action, 'kms:Decrypt');
    assert.match(text(condition), /"kms:ViaService":.*"secretsmanager\./);
    assert.match(text(condition), /"kms:EncryptionContext:SecretARN":\{"Ref":"[A-Za-z]+Secret/);
  }
});

test('no policy names a wildcard action', () => {
  for (const { id, properties } of of('AWS::IAM::Policy')) {
    const { Statement: statements } = properties['PolicyDocument'] as { Statement: Statement[] };
    for (const statement of statements) {
      assert(!text(statement.Action).includes('*'), `${id}: ${text(statement)}`);
    }
  }
});

test('of wildcard resources, certificates are narrowed by tag, a group by its name', () => {
  for (const { id, properties } of of('AWS::IAM::Policy')) {
    const { Statement: statements } = properties['PolicyDocument'] as { Statement: Statement[] };
    for (const statement of statements) {
      if (!text(statement.Resource).includes('*')) continue;
      if (statement.Action === 'autoscaling:DescribeAutoScalingGroups') continue;
      if (text(statement.Resource).includes(':*:autoScalingGroupName/Etherfleet-M')) continue;
      assert.match(text(statement.Resource), /certificate\/\*/, `${id}: ${text(statement)}`);
      assert.match(
        text(statement.Condition),
        /^\{"StringEquals":\{"aws:(Request|Resource)Tag\/etherfleet-cluster":"Etherfleet"\}\}$/,
      );
    }
  }
});

test('the agent API asks for IAM signatures', () => {
  assert.equal(only('AWS::Lambda::Url').properties['AuthType'], 'AWS_IAM');
});

test('a member may call the agent API by its URL and fetch its own program, nothing else', () => {
  const statements = statementsOf('MembersRole');
  assert.deepEqual(actionsOf('MembersRole'), [
    'lambda:InvokeFunction',
    'lambda:InvokeFunctionUrl',
    's3:GetObject',
  ]);
  const conditionOf = (action: string): unknown =>
    statements.find((statement) => statement.Action === action)?.Condition;
  // Without these a member could invoke the function directly and say it were another.
  assert.deepEqual(conditionOf('lambda:InvokeFunctionUrl'), {
    StringEquals: { 'lambda:FunctionUrlAuthType': 'AWS_IAM' },
  });
  assert.deepEqual(conditionOf('lambda:InvokeFunction'), {
    Bool: { 'lambda:InvokedViaFunctionUrl': 'true' },
  });
});

test('functions are invoked by the load balancer, by queues and by the group alone', () => {
  const permitted = of('AWS::Lambda::Permission').map(({ properties }) => properties['Principal']);
  const byRole = permitted.filter((principal) => typeof principal !== 'string');
  assert.deepEqual(
    new Set(permitted.filter((principal) => !byRole.includes(principal))),
    new Set(['elasticloadbalancing.amazonaws.com']),
  );
  const group = only('AWS::AutoScaling::AutoScalingGroup');
  assert.deepEqual(byRole, [group.properties['ServiceLinkedRoleARN']]);
});
