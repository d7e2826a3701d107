import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { settings } from '#cdk/settings.ts';
import { env, lifecycleHeartbeatSeconds } from '#functions/env.ts';
import { resourcesOf, type SynthesizedResource, synthesizedTemplate } from './template.ts';

const template = synthesizedTemplate();
const of = (type: string): SynthesizedResource[] => resourcesOf(template, type);
const text = (value: unknown): string => JSON.stringify(value);

function functionCalled(folder: string): SynthesizedResource {
  const prefix = folder.replace(/(^|-)(.)/g, (_, __, letter: string) => letter.toUpperCase());
  const found = of('AWS::Lambda::Function').find(({ id }) => id.startsWith(`${prefix}Function`));
  assert.ok(found, `no function ${folder}`);
  return found;
}

interface Statement {
  readonly Effect: string;
  readonly Action: string | readonly string[];
  readonly Resource: unknown;
  readonly Condition?: unknown;
}

/** Statements of every policy of the role whose logical id begins so. */
function statementsOf(role: string): Statement[] {
  return of('AWS::IAM::Policy')
    .filter(({ properties }) => text(properties['Roles']).includes(`"${role}`))
    .flatMap(
      ({ properties }) => (properties['PolicyDocument'] as { Statement: Statement[] }).Statement,
    );
}

const isLogging = (action: string): boolean => action.startsWith('logs:');

/** What a role may do besides writing its function's log. */
const actionsOf = (role: string): string[] =>
  statementsOf(role)
    .flatMap(({ Action: action }) => action)
    .filter((action) => !isLogging(action))
    .sort();

const tableActions = [
  'BatchGetItem',
  'DeleteItem',
  'GetItem',
  'PutItem',
  'Query',
  'UpdateItem',
].map((action) => `dynamodb:${action}`);

test('each function gets exactly the environment names it reads', () => {
  const expected: Record<string, string[]> = {
    frontdoor: [env.tableName, env.clusterSecretArn, env.adminPasswordArn],
    admin: [env.tableName, env.clusterSecretArn, env.adminPasswordArn],
    'agent-api': [env.tableName, env.clusterSecretArn, env.watchdogQueueUrl],
    watchdog: [env.tableName, env.watchdogQueueUrl],
    lifecycle: [env.tableName, env.lifecycleQueueUrl],
    sweeper: [env.tableName, env.sweeperQueueUrl, env.watchdogQueueUrl],
  };
  assert.equal(of('AWS::Lambda::Function').length, Object.keys(expected).length);
  for (const [folder, names] of Object.entries(expected)) {
    const { Environment: environment } = functionCalled(folder).properties as {
      Environment: { Variables: object };
    };
    assert.deepEqual(
      Object.keys(environment.Variables).sort(),
      [...names, 'NODE_OPTIONS'].sort(),
      folder,
    );
  }
});

test('every function runs Node 24 on arm64 with a deadline and a log group of its own', () => {
  for (const { id, properties } of of('AWS::Lambda::Function')) {
    assert.equal(properties['Runtime'], 'nodejs24.x', id);
    assert.deepEqual(properties['Architectures'], ['arm64'], id);
    assert.ok(Number(properties['Timeout']) <= 60, id);
    assert.ok(text(properties['LoggingConfig']).includes('Logs'), id);
  }
});

test('every function runs a bundle of its own', () => {
  const functions = of('AWS::Lambda::Function');
  const bundles = functions.map(({ properties }) => text(properties['Code']));
  assert.equal(new Set(bundles).size, functions.length);
});

test('the front door answers before a client gives up after 15 s (protocol/02 §2)', () => {
  assert.ok(Number(functionCalled('frontdoor').properties['Timeout']) < 15);
});

test('each role may do what its function does and nothing else', () => {
  const secret = 'secretsmanager:GetSecretValue';
  assert.deepEqual(actionsOf('FrontdoorFunction'), [...tableActions, secret]);
  assert.deepEqual(actionsOf('AdminFunction'), [...tableActions, secret]);
  assert.deepEqual(actionsOf('AgentApiFunction'), [...tableActions, secret, 'sqs:SendMessage']);
  const fed = ['ChangeMessageVisibility', 'DeleteMessage', 'GetQueueAttributes', 'GetQueueUrl'];
  const queueActions = [...fed, 'ReceiveMessage', 'SendMessage'].map((action) => `sqs:${action}`);
  const replace = 'autoscaling:SetInstanceHealth';
  assert.deepEqual(actionsOf('WatchdogFunction'), [replace, ...tableActions, ...queueActions]);
  assert.deepEqual(actionsOf('LifecycleFunction'), [
    'autoscaling:CompleteLifecycleAction',
    'autoscaling:RecordLifecycleActionHeartbeat',
    ...tableActions,
    ...queueActions,
  ]);
  assert.deepEqual(actionsOf('SweeperFunction'), [
    ...[replace, ...tableActions, ...queueActions],
    'sqs:SendMessage', // to the watchdog
  ]);
});

test('a function writes its own log and no other of the account', () => {
  for (const { id, properties } of of('AWS::Lambda::Function')) {
    const { LogGroup: group } = properties['LoggingConfig'] as { LogGroup: { Ref: string } };
    const logging = statementsOf(id.replace(/[0-9A-F]{8}$/, '')).filter((statement) =>
      [statement.Action].flat().some(isLogging),
    );
    assert.deepEqual(
      logging.map((statement) => [statement.Action, statement.Resource]),
      [[['logs:CreateLogStream', 'logs:PutLogEvents'], { 'Fn::GetAtt': [group.Ref, 'Arn'] }]],
      id,
    );
  }
  const managed = of('AWS::IAM::Role').filter(({ properties }) => properties['ManagedPolicyArns']);
  assert.deepEqual(managed, []);
});

test('functions act upon the one group, never upon another of the account', () => {
  const [group] = of('AWS::AutoScaling::AutoScalingGroup');
  const statements = ['Watchdog', 'Lifecycle', 'Sweeper'].flatMap((name) =>
    statementsOf(`${name}Function`).filter((one) => text(one.Action).includes('autoscaling:')),
  );
  assert.equal(statements.length, 3);
  for (const { Resource: resource } of statements) {
    assert.deepEqual(resource, { 'Fn::GetAtt': [group?.id, 'AutoScalingGroupARN'] });
  }
});

test('a machine waits until it is empty, and goes by itself when nobody speaks for it', () => {
  const [hook, second] = of('AWS::AutoScaling::LifecycleHook');
  assert.equal(second, undefined);
  assert.equal(hook?.properties['LifecycleTransition'], 'autoscaling:EC2_INSTANCE_TERMINATING');
  assert.equal(hook?.properties['DefaultResult'], 'CONTINUE');
  assert.equal(hook?.properties['HeartbeatTimeout'], lifecycleHeartbeatSeconds);
});

test('rules feed queues that let them in, by pattern of our group or by schedule', () => {
  const [group] = of('AWS::AutoScaling::AutoScalingGroup');
  const rules = of('AWS::Events::Rule');
  assert.deepEqual(rules.map(({ properties }) => properties['ScheduleExpression']).sort(), [
    'rate(1 day)',
    'rate(1 minute)',
    undefined,
    undefined,
  ]);
  const ofTheGroup = rules.find(({ id }) => id.startsWith('LifecycleOfTheGroup'));
  assert.deepEqual(ofTheGroup?.properties['EventPattern'], {
    source: ['aws.autoscaling'],
    'detail-type': ['EC2 Instance-terminate Lifecycle Action', 'EC2 Instance Terminate Successful'],
    detail: { AutoScalingGroupName: [{ Ref: group?.id }] },
  });
  const policies = text(of('AWS::SQS::QueuePolicy').map(({ properties }) => properties));
  for (const { id } of rules) {
    assert.ok(policies.includes(`"aws:SourceArn":{"Fn::GetAtt":["${id}","Arn"]}`), id);
  }
});

test('an agent that is done stays down, one that crashed does not', () => {
  const [launchTemplate] = of('AWS::EC2::LaunchTemplate');
  const userData = text(launchTemplate?.properties);
  assert.match(userData, /Restart=always/);
  assert.match(userData, /RestartSec=200ms/);
  assert.match(userData, /RestartPreventExitStatus=0\b/);
  assert.match(userData, /node-24 .*--max-semi-space-size=2 --initial-heap-size=256 .*main\.mjs/);
});

test('no policy names a wildcard action or the resource "*"', () => {
  for (const { id, properties } of of('AWS::IAM::Policy')) {
    const { Statement: statements } = properties['PolicyDocument'] as { Statement: Statement[] };
    for (const statement of statements) {
      assert.ok(!text(statement.Action).includes('*'), `${id}: ${text(statement)}`);
      assert.ok(!text(statement.Resource).includes('*'), `${id}: ${text(statement)}`);
    }
  }
});

test('every queue is a dead-letter queue that rings, or has one', () => {
  const queues = of('AWS::SQS::Queue');
  const targets = queues.flatMap(({ properties }) => {
    const policy = properties['RedrivePolicy'];
    return policy === undefined ? [] : [text(policy)];
  });
  for (const { id, properties } of queues) {
    if (properties['RedrivePolicy'] !== undefined) continue;
    assert.ok(
      targets.some((target) => target.includes(`"${id}"`)),
      `${id} has no dead-letter queue and is none`,
    );
    const rings = of('AWS::CloudWatch::Alarm').some(({ properties: alarm }) =>
      text(alarm['Dimensions']).includes(`"${id}"`),
    );
    assert.ok(rings, `nobody hears of messages in ${id}`);
  }
});

test('every function has an alarm on its errors, and every alarm names its runbook entry', () => {
  const alarms = of('AWS::CloudWatch::Alarm');
  for (const { id } of of('AWS::Lambda::Function')) {
    const own = alarms.some(
      ({ properties }) =>
        properties['MetricName'] === 'Errors' && text(properties['Dimensions']).includes(`"${id}"`),
    );
    assert.ok(own, `no alarm on errors of ${id}`);
  }
  const runbook = readFileSync(new URL('../../docs/operating/runbook.md', import.meta.url), 'utf8');
  for (const { id, properties } of alarms) {
    const description = String(properties['AlarmDescription']);
    const [, entry] = /docs\/operating\/runbook\.md#([a-z0-9-]+)$/.exec(description) ?? [];
    assert.ok(runbook.includes(`\n## ${entry}\n`), `${id}: no runbook entry ${entry}`);
  }
});

test('messages that failed come back alone, and not while they are at work', () => {
  const mappings = of('AWS::Lambda::EventSourceMapping');
  assert.equal(mappings.length, 3);
  for (const { id, properties } of mappings) {
    assert.deepEqual(properties['FunctionResponseTypes'], ['ReportBatchItemFailures'], id);
  }
  for (const name of ['Watchdog', 'Lifecycle', 'Sweeper']) {
    const timeout = Number(functionCalled(name.toLowerCase()).properties['Timeout']);
    const queue = of('AWS::SQS::Queue').find(({ id }) => id.startsWith(`${name}Queue`));
    assert.ok(Number(queue?.properties['VisibilityTimeout']) >= 6 * timeout, name);
  }
});

test('the agent API asks for IAM signatures', () => {
  const [url, second] = of('AWS::Lambda::Url');
  assert.equal(second, undefined);
  assert.equal(url?.properties['AuthType'], 'AWS_IAM');
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
  const permitted = of('AWS::Lambda::Permission').map(({ properties }) => properties['Principal']);
  assert.deepEqual(new Set(permitted), new Set(['elasticloadbalancing.amazonaws.com']));
});

test('members run in a group with public addresses and IMDSv2 only', () => {
  const [launchTemplate] = of('AWS::EC2::LaunchTemplate');
  const data = launchTemplate?.properties['LaunchTemplateData'] as {
    MetadataOptions: object;
    NetworkInterfaces: { AssociatePublicIpAddress: boolean }[];
  };
  assert.deepEqual(data.MetadataOptions, {
    HttpPutResponseHopLimit: 1,
    HttpTokens: 'required',
    InstanceMetadataTags: 'enabled',
  });
  assert.deepEqual(
    data.NetworkInterfaces.map((item) => item.AssociatePublicIpAddress),
    [true],
  );
  const [group] = of('AWS::AutoScaling::AutoScalingGroup');
  assert.equal(group?.properties['DesiredCapacity'], String(settings.memberCount));
});

test('members reach each other for their witnesses, and strangers do not', () => {
  const udp = [
    ...of('AWS::EC2::SecurityGroupIngress').map(({ properties }) => properties),
    ...of('AWS::EC2::SecurityGroup').flatMap(
      ({ properties }) => (properties['SecurityGroupIngress'] ?? []) as Record<string, unknown>[],
    ),
  ].filter((rule) => rule['IpProtocol'] === 'udp');
  assert.deepEqual(
    udp.map((rule) => [rule['FromPort'], rule['ToPort'], rule['CidrIp']]),
    [[settings.clientPort, settings.clientPort, undefined]],
  );
  assert.deepEqual(udp[0]?.['SourceSecurityGroupId'], udp[0]?.['GroupId']);
});

test('the table keeps its data: on demand, encrypted, restorable, retained', () => {
  const [table, second] = of('AWS::DynamoDB::Table');
  assert.equal(second, undefined);
  assert.equal(table?.deletionPolicy, 'Retain');
  assert.equal(table?.properties['BillingMode'], 'PAY_PER_REQUEST');
  assert.deepEqual(table?.properties['SSESpecification'], { SSEEnabled: true });
  assert.deepEqual(table?.properties['PointInTimeRecoverySpecification'], {
    PointInTimeRecoveryEnabled: true,
  });
  assert.deepEqual(table?.properties['TimeToLiveSpecification'], {
    AttributeName: 'ttl',
    Enabled: true,
  });
  assert.deepEqual(table?.properties['KeySchema'], [
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

test('clients meet static addresses: one per zone, TCP through to the load balancer', () => {
  const [first, second] = of('AWS::ElasticLoadBalancingV2::LoadBalancer').map(
    ({ properties }) => properties,
  );
  const network = [first, second].find((properties) => properties?.['Type'] === 'network');
  const mappings = network?.['SubnetMappings'] as { AllocationId: unknown }[];
  assert.equal(of('AWS::EC2::EIP').length, 2);
  assert.equal(mappings.filter((mapping) => mapping.AllocationId !== undefined).length, 2);
  const targets = of('AWS::ElasticLoadBalancingV2::TargetGroup').filter(
    ({ properties }) => properties['TargetType'] === 'alb',
  );
  assert.equal(targets.length, 1);
  assert.equal(targets[0]?.properties['HealthCheckPath'], '/healthz');
});

test('rules look at paths only, for genuine clients send an address as Host', () => {
  for (const { id, properties } of of('AWS::ElasticLoadBalancingV2::ListenerRule')) {
    for (const condition of properties['Conditions'] as { Field: string }[]) {
      assert.equal(condition.Field, 'path-pattern', id);
    }
  }
});

test('an operator is told the addresses, the admin URL and where the password is', () => {
  const outputs = Object.keys(template.findOutputs('*'));
  assert.deepEqual(outputs.sort(), ['AdminPasswordSecret', 'AdminUrl', 'FrontDoorAddresses']);
});
