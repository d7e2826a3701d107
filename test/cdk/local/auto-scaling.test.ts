import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { type TestContext, test } from 'node:test';
import {
  AutoScalingClient,
  CancelInstanceRefreshCommand,
  DescribeAutoScalingGroupsCommand,
  DescribeInstanceRefreshesCommand,
  ExecutePolicyCommand,
  SetDesiredCapacityCommand,
  StartInstanceRefreshCommand,
} from '@aws-sdk/client-auto-scaling';
import { AutoScaling, type ScalingGroup } from '#cdk/local/aws/auto-scaling.ts';
import { serveSigned } from '#cdk/local/aws/signed-endpoint.ts';
import type { RefreshPreferences } from '#cdk/local/ec2/instance-refresh.ts';
import type { RefreshReport } from '#cdk/local/ec2/refresh.ts';
import { close, listen } from '#cdk/local/http-server.ts';
import { CredentialRegistry } from '#cdk/local/iam/credential-registry.ts';
import { identityPolicies } from '#cdk/local/iam/identity-policies.ts';
import { systemClock, systemRandom } from '#cdk/local/system.ts';
import { place } from '#cdk/local/template/place.ts';
import { Stack } from '#cdk/local/template/stack.ts';
import { AutoScalingGroup } from '#functions/aws/auto-scaling-group.ts';
import { ScalingPolicy } from '#functions/aws/scaling-policy.ts';
import { SignedPost } from '#functions/aws/signed-post.ts';
import { machineId } from '#shared/kernel/ids.ts';
import { callerRole } from './local-aws.ts';

const action = { machineId: machineId('i-1'), groupName: 'Group', hookName: 'Hook', token: 't' };

/** A group that knows `i-1`, which waits under the token `t` until it is let go. */
class OneMachine implements ScalingGroup {
  waits = true;
  extended = 0;
  unhealthy: string[] = [];
  desired = 0;
  readonly refreshes: RefreshReport[] = [];

  complete(instanceId: string, hookName: string, token: string | undefined): boolean {
    const known = this.knows(instanceId, hookName, token);
    if (known) this.waits = false;
    return known;
  }

  extend(instanceId: string, hookName: string, token: string | undefined): boolean {
    if (!this.knows(instanceId, hookName, token)) return false;
    this.extended += 1;
    return true;
  }

  markUnhealthy(instanceId: string): boolean {
    this.unhealthy.push(instanceId);
    return instanceId === 'i-1';
  }

  terminateInstance(instanceId: string): boolean {
    return instanceId === 'i-1';
  }

  setDesired(desired: number): string | undefined {
    if (desired > 3) return `${desired} is not between 0 and 3`;
    this.desired = desired;
    return undefined;
  }

  executePolicy(name: string, honorCooldown: boolean): 'done' | 'cooling' | 'unknown' {
    if (name !== 'Wake') return 'unknown';
    if (honorCooldown && this.desired > 0) return 'cooling';
    this.desired += 1;
    return 'done';
  }

  startRefresh(preferences: RefreshPreferences): string | undefined {
    if (this.refreshes.length > 0) return undefined;
    const report = {
      id: 'r-1',
      status: 'InProgress',
      preferences,
      left: 1,
      percentage: 0,
    } as const;
    this.refreshes.push(report);
    return report.id;
  }

  cancelRefresh(): string | undefined {
    return this.refreshes.pop()?.id;
  }

  describe() {
    const instances = [{ id: 'i-1', state: 'InService', healthy: true }];
    return { minSize: 0, maxSize: 3, desired: this.desired, instances };
  }

  private knows(instanceId: string, hookName: string, token: string | undefined): boolean {
    return this.waits && instanceId === 'i-1' && hookName === 'Hook' && token === 't';
  }
}

/** The production adapter, with a role's credentials, in front of the stand-in. */
async function startService(context: TestContext, actions: readonly string[], resource?: unknown) {
  const server = createServer();
  context.after(() => close(server));
  const endpoint = `http://127.0.0.1:${await listen(server, '127.0.0.1', 0)}`;
  const stack = new Stack(
    {
      Resources: {
        Group: { Type: 'AWS::AutoScaling::AutoScalingGroup' },
        Hook: { Type: 'AWS::AutoScaling::LifecycleHook' },
        ...callerRole(
          actions.map((name) => `autoscaling:${name}`),
          resource ?? { 'Fn::GetAtt': ['Group', 'AutoScalingGroupARN'] },
        ),
      },
    },
    { queueEndpoint: endpoint, frontDoor: '127.0.0.1', functionUrl: () => endpoint },
    {},
  );
  const registry = new CredentialRegistry(systemClock, systemRandom);
  const refusals: string[] = [];
  const service = new AutoScaling(stack);
  serveSigned(server, service.standIn, {
    clock: systemClock,
    registry,
    policies: identityPolicies(stack),
    onRefused: (message) => refusals.push(message),
  });
  const machine = new OneMachine();
  service.attach(machine);
  const principal = {
    ...{ kind: 'role' as const, roleName: 'Caller' },
    ...{ roleId: 'AROA1', sessionName: 'test' },
  };
  const credentials = registry.issue(principal, 3_600_000);
  const client = new AutoScalingClient({ endpoint, region: place.region, credentials });
  context.after(() => client.destroy());
  const post = new SignedPost({
    ...{ service: 'autoscaling', endpoint, region: place.region },
    ...{ credentials, fetch },
  });
  const policyOf = (groupName: string, policyName: string): ScalingPolicy =>
    new ScalingPolicy(post, groupName, policyName);
  return { client, group: new AutoScalingGroup(client), machine, policyOf, refusals };
}

const lifecycleActions = ['CompleteLifecycleAction', 'RecordLifecycleActionHeartbeat'];

test('a waiting machine is extended, let go once, and unknown after', async (context) => {
  const { group, machine } = await startService(context, lifecycleActions);
  assert.equal(await group.extend(action), 'extended');
  assert.equal(machine.extended, 1);
  assert.equal(await group.complete({ ...action, token: 'another' }), 'over');
  assert.equal(await group.complete(action), 'completed');
  assert.equal(machine.waits, false);
  assert.equal(await group.complete(action), 'over');
  assert.equal(await group.extend(action), 'over');
});

test('a hook or a group that is not there is no lifecycle action', async (context) => {
  const { group, machine } = await startService(context, lifecycleActions);
  assert.equal(await group.complete({ ...action, hookName: 'Other' }), 'over');
  assert.equal(await group.complete({ ...action, groupName: 'Other' }), 'over');
  assert.equal(machine.waits, true);
});

test('an unhealthy machine is replaced if it is the group’s', async (context) => {
  const { group, machine } = await startService(context, ['SetInstanceHealth']);
  assert.equal(await group.reportUnhealthy(machineId('i-1')), 'reported');
  assert.equal(await group.reportUnhealthy(machineId('i-2')), 'unknown');
  assert.deepEqual(machine.unhealthy, ['i-1', 'i-2']);
});

test('without a grant, or with one for another group, nothing happens', async (context) => {
  const arn = 'arn:aws:autoscaling:eu-central-1:0:autoScalingGroup:x:autoScalingGroupName/Other';
  for (const [actions, resource] of [
    [['SetInstanceHealth'], undefined],
    [lifecycleActions, arn],
  ] as const) {
    const { group, machine, refusals } = await startService(context, actions, resource);
    await assert.rejects(group.complete(action), { name: 'AccessDenied' });
    assert.equal(machine.waits, true);
    assert.match(refusals[0] ?? '', /not authorized to perform: autoscaling:Complete/);
  }
});

test('a first machine is called for a group of none, and for no other', async (context) => {
  const { machine, policyOf } = await startService(context, ['*'], '*');
  const policy = policyOf('Group', 'Wake');
  assert.equal(await policy.call(), 'called');
  assert.equal(await policy.call(), 'on-the-way');
  assert.equal(machine.desired, 1);
  machine.setDesired(2);
  assert.equal(await policy.call(), 'on-the-way', 'whoever is late was called before');
  assert.equal(machine.desired, 2);
  await assert.rejects(policyOf('Other', 'Wake').call(), /there is no group Other/);
  machine.setDesired(0);
  await assert.rejects(policyOf('Group', 'Other').call(), /ExecutePolicy: ValidationError/);
});

test('an operator’s commands, in the service’s own words', async (context) => {
  const AutoScalingGroupName = 'Group';
  const { client, machine } = await startService(context, ['*'], '*');
  const PolicyName = 'Wake';
  await client.send(new ExecutePolicyCommand({ AutoScalingGroupName, PolicyName }));
  const patient = { AutoScalingGroupName, PolicyName, HonorCooldown: true };
  await assert.rejects(client.send(new ExecutePolicyCommand(patient)), {
    name: 'ScalingActivityInProgressFault',
  });
  const size = (DesiredCapacity: number) =>
    client.send(new SetDesiredCapacityCommand({ AutoScalingGroupName, DesiredCapacity }));
  await size(3);
  await assert.rejects(size(4), { name: 'ValidationError' });
  const { AutoScalingGroups: groups } = await client.send(new DescribeAutoScalingGroupsCommand());
  assert.deepEqual(
    groups?.map((group) => [group.DesiredCapacity, group.Instances?.[0]?.LifecycleState]),
    [[3, 'InService']],
  );
  const Preferences = { MinHealthyPercentage: 100, MaxHealthyPercentage: 134 };
  const start = () =>
    client.send(new StartInstanceRefreshCommand({ AutoScalingGroupName, Preferences }));
  assert.equal((await start()).InstanceRefreshId, 'r-1');
  assert.deepEqual(machine.refreshes[0]?.preferences, {
    minHealthyPercentage: 100,
    maxHealthyPercentage: 134,
  });
  await assert.rejects(start(), { name: 'InstanceRefreshInProgressFault' });
  const { InstanceRefreshes: refreshes } = await client.send(
    new DescribeInstanceRefreshesCommand({ AutoScalingGroupName }),
  );
  assert.deepEqual(
    refreshes?.map(({ Status }) => Status),
    ['InProgress'],
  );
  await client.send(new CancelInstanceRefreshCommand({ AutoScalingGroupName }));
});
