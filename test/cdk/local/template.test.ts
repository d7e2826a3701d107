import assert from 'node:assert/strict';
import { test } from 'node:test';
import { launchTemplate } from '#cdk/local/ec2/launch-template.ts';
import { identityPolicies } from '#cdk/local/iam/identity-policies.ts';
import { decideAccess } from '#cdk/local/iam/policy.ts';
import { loadBalancerRoutes } from '#cdk/local/load-balancer/rules.ts';
import { Stack } from '#cdk/local/template/stack.ts';
import { settings } from '#cdk/settings.ts';
import { parseConfig } from '#node-agent/config.ts';
import { synthesized } from '../template.ts';

const functionUrl = 'http://127.0.0.1:9999/';
const stack = new Stack(
  (await synthesized()).assembly.template,
  {
    queueEndpoint: 'http://127.0.0.1:9324',
    frontDoor: '127.0.0.1',
    functionUrl: () => functionUrl,
  },
  {},
);
for (const { logicalId } of stack.customResources()) {
  stack.make(logicalId, { ref: `arn:${logicalId}`, attribute: () => undefined });
}

test('the local stack knows every resource type and policy of the synthesized template', () => {
  for (const [role, { statements }] of identityPolicies(stack)) {
    assert.ok(statements.length > 0, `${role} may do nothing`);
  }
});

test('administrators’ paths go to the admin function, everything else to the front door', () => {
  const { choose, idleTimeoutMs, port } = loadBalancerRoutes(stack);
  const target = (path: string): string => {
    const action = choose(path);
    return action.kind === 'invoke' ? (action.functionArn.split(':').at(-1) ?? '') : 'fixed';
  };
  assert.equal(port, settings.clientPort);
  assert.ok(idleTimeoutMs > 15_000, 'clients pause up to 15 s (protocol/02 §4)');
  for (const path of ['/api', '/api/', '/api/x', '/v1/hubs']) assert.match(target(path), /^Admin/);
  for (const path of ['/', '/vpnsvc/connect.cgi', '/vpnsvc/vpn.cgi', '/apix', '/v1']) {
    assert.match(target(path), /^Frontdoor/);
  }
  assert.equal(target('/healthz'), 'fixed');
});

test('user data makes a member: its configuration, its program, its role', () => {
  const { recipe, role, bundleFolder } = launchTemplate(stack, {
    template: { Resources: {} },
    assetDirectory: (key) => `/assets/${key}`,
  });
  assert.deepEqual(recipe.agentConfig, {
    agentApiUrl: functionUrl,
    region: 'eu-central-1',
    capacity: settings.memberSessionsMax,
    weight: settings.memberWeight,
    listen: { address: '0.0.0.0', ports: settings.memberPorts },
  });
  const onThisMachine = {
    ...recipe.agentConfig,
    listen: { address: '127.0.0.1', ports: [10_443] },
  };
  for (const config of [recipe.agentConfig, onThisMachine]) {
    assert.equal(parseConfig(JSON.stringify(config)).kind, 'ok', 'the agent reads what it is told');
  }
  assert.match(recipe.bundle.key, /^[0-9a-f]{64}\.zip$/);
  const words = recipe.nodeArguments(bundleFolder, '/tmp/agent.json', 3);
  const program = `/assets/${recipe.bundle.key}/main.mjs`;
  const options = ['--config', '/tmp/agent.json', '--process', '%i', '--processes', '3'];
  assert.deepEqual(words.slice(-7), [program, ...options]);
  assert.equal(recipe.processesMax, settings.memberPorts.length);
  assert(words.includes('--enable-source-maps'));
  assert.equal(
    words.slice(0, -7).every((word) => word.startsWith('--')),
    true,
    'options of Node',
  );
  const may = (action: string, context?: Record<string, string>): string =>
    decideAccess(identityPolicies(stack).get(`role ${role.roleName}`)?.statements ?? [], {
      action,
      resource: stack.called('AWS::Lambda::Function', apiFunction()).attribute('Arn'),
      ...(context === undefined ? {} : { context }),
    });
  assert.equal(
    may('lambda:InvokeFunctionUrl', { 'lambda:FunctionUrlAuthType': 'AWS_IAM' }),
    'allowed',
  );
  assert.equal(may('lambda:InvokeFunction', { 'lambda:InvokedViaFunctionUrl': 'true' }), 'allowed');
  assert.equal(may('lambda:InvokeFunction'), 'not allowed', 'a member forges no request context');
});

function apiFunction(): string {
  const found = stack
    .ofType('AWS::Lambda::Function')
    .find(({ logicalId }) => logicalId.startsWith('AgentApi'));
  return found?.ref ?? '';
}

test('outputs name the front door’s address', () => {
  assert.equal(stack.output('FrontDoorAddresses'), '127.0.0.1,127.0.0.1');
  assert.equal(stack.output('AdminUrl'), 'https://127.0.0.1/api/');
});
