import assert from 'node:assert/strict';
import { test } from 'node:test';
import { settings } from '#cdk/settings.ts';
import { env, lifecycleHeartbeatSeconds } from '#functions/env.ts';
import { synthesized, text } from './template.ts';
import { variantTemplate } from './variant.ts';

const { called, functionCalled, of, only } = await synthesized();
const group = only('AWS::AutoScaling::AutoScalingGroup');
const templates = of('AWS::EC2::LaunchTemplate');

/** Part of the group: its first machines wait in them, too. */
const hooks = group.properties['LifecycleHookSpecificationList'] as Record<string, unknown>[];
const hookOf = (transition: string): Record<string, unknown> | undefined =>
  hooks.find((hook) => hook['LifecycleTransition'] === `autoscaling:${transition}`);

test('a machine waits until it is empty, and goes by itself when nobody speaks for it', () => {
  const leaving = hookOf('EC2_INSTANCE_TERMINATING');
  assert.equal(leaving?.['DefaultResult'], 'CONTINUE');
  assert.equal(leaving['HeartbeatTimeout'], lifecycleHeartbeatSeconds);
  // The longest EC2 lets a machine wait: a hundred extensions.
  assert.ok(100 * lifecycleHeartbeatSeconds > settings.memberStopSeconds);
});

test('a machine is in service when its member is, and nobody’s silence ends it', () => {
  const arriving = hookOf('EC2_INSTANCE_LAUNCHING');
  assert.equal(arriving?.['DefaultResult'], 'CONTINUE');
  assert.equal(arriving['HeartbeatTimeout'], 300);
  const rule = called('AWS::Events::Rule', 'LifecycleOfTheGroup').properties['EventPattern'];
  const { 'detail-type': types } = rule as { 'detail-type': string[] };
  assert.deepEqual(types, [
    'EC2 Instance-launch Lifecycle Action',
    'EC2 Instance-terminate Lifecycle Action',
    'EC2 Instance Terminate Successful',
  ]);
});

test('who hears of the group’s machines is there before them', () => {
  assert.deepEqual(of('AWS::AutoScaling::LifecycleHook'), []);
  const name = group.properties['AutoScalingGroupName'];
  const rule = called('AWS::Events::Rule', 'LifecycleOfTheGroup');
  const { detail } = rule.properties['EventPattern'] as { detail: Record<string, unknown> };
  assert.deepEqual(detail['AutoScalingGroupName'], [name], 'plain text: nothing to wait for');
  const policy = called('AWS::SQS::QueuePolicy', 'LifecycleQueue');
  const mapping = called('AWS::Lambda::EventSourceMapping', 'LifecycleFunction');
  const right = called('AWS::IAM::Policy', 'LifecycleFunctionRole');
  // CloudFormation waits until the first machines are in service: somebody has to say so.
  for (const { id } of [rule, policy, mapping, right]) assert(group.dependsOn.includes(id), id);
});

test('who goes first is our function’s choice, and the group may ask it', () => {
  const [first, ...others] = group.properties['TerminationPolicies'] as unknown[];
  const { id } = functionCalled('termination');
  assert.deepEqual(first, { 'Fn::GetAtt': [id, 'Arn'] });
  assert.deepEqual(others, ['Default']);
  const permission = called('AWS::Lambda::Permission', 'TerminationGroupAsks');
  const role = only('AWS::IAM::ServiceLinkedRole');
  assert.deepEqual(permission.properties['FunctionName'], first);
  assert.deepEqual(permission.properties['Principal'], group.properties['ServiceLinkedRoleARN']);
  assert.match(
    text(group.properties['ServiceLinkedRoleARN']),
    new RegExp(`aws-service-role/autoscaling.amazonaws.com/",\\{"Fn::GetAtt":\\["${role.id}"`),
  );
  assert(group.dependsOn.includes(permission.id));
  // AWS waits no longer.
  assert.equal(functionCalled('termination').properties['Timeout'], 2);
});

test('an agent that is done stays down, one that crashed does not', () => {
  for (const { properties } of templates) {
    const userData = text(properties);
    assert.match(userData, /Restart=always/);
    assert.match(userData, /RestartSec=100ms/);
    assert.match(userData, /RestartPreventExitStatus=0\b/);
    assert.match(userData, /node-24 .*--max-semi-space-size=2 --initial-heap-size=256 .*main\.mjs/);
  }
});

test('members have public addresses and IMDSv2 only', () => {
  for (const { id, properties } of templates) {
    const data = properties['LaunchTemplateData'] as {
      MetadataOptions: object;
      NetworkInterfaces: { AssociatePublicIpAddress: boolean }[];
    };
    const metadata = {
      HttpPutResponseHopLimit: 1,
      HttpTokens: 'required',
      InstanceMetadataTags: 'disabled', // else the stack's tags may keep EC2 from launching
    };
    assert.deepEqual(data.MetadataOptions, metadata, id);
    const addresses = data.NetworkInterfaces.map((item) => item.AssociatePublicIpAddress);
    assert.deepEqual(addresses, [true], id);
  }
});

test('both processors, each with an image of its own, some on demand and some Spot', () => {
  const { InstancesDistribution: distribution, LaunchTemplate: template } = group.properties[
    'MixedInstancesPolicy'
  ] as {
    InstancesDistribution: Record<string, unknown>;
    LaunchTemplate: {
      LaunchTemplateSpecification: { LaunchTemplateId: { Ref: string } };
      Overrides: {
        InstanceType: string;
        LaunchTemplateSpecification?: { LaunchTemplateId: { Ref: string } };
      }[];
    };
  };
  const usual = template.LaunchTemplateSpecification.LaunchTemplateId.Ref;
  const imageOf = (id: string): string =>
    text(called('AWS::EC2::LaunchTemplate', id).properties['LaunchTemplateData']);
  for (const { InstanceType: type, LaunchTemplateSpecification: own } of template.Overrides) {
    const isArm = /^\w+g\w*\./.test(type);
    assert.equal(settings.memberInstanceTypes[isArm ? 'arm64' : 'x86_64'].includes(type), true);
    assert.match(imageOf(own?.LaunchTemplateId.Ref ?? usual), isArm ? /arm64/ : /x8664/, type);
  }
  assert.equal(distribution['OnDemandBaseCapacity'], settings.memberOnDemandBase);
  assert.equal(distribution['SpotAllocationStrategy'], 'price-capacity-optimized');
});

test('the two launch templates differ in image and type only', () => {
  const [one, other] = templates.map(({ properties }) => {
    const { ImageId, InstanceType, ...rest } = properties['LaunchTemplateData'] as Record<
      string,
      unknown
    >;
    return text(rest).replace(/(MembersTemplates|Templates\/)(Arm64|X86)\w*/g, 'template');
  });
  assert.equal(one, other);
  assert.equal(of('AWS::IAM::InstanceProfile').length, 1);
});

test('disks are encrypted, and end with their machine', () => {
  for (const { id, properties } of templates) {
    const { BlockDeviceMappings: disks } = properties['LaunchTemplateData'] as {
      BlockDeviceMappings: { Ebs: Record<string, unknown> }[];
    };
    assert(disks.length > 0, id);
    for (const { Ebs: disk } of disks) {
      assert.equal(disk['Encrypted'], true, id);
      assert.equal(disk['DeleteOnTermination'], true, id);
    }
  }
});

test('a deployment changes one machine after the other, the new one first', () => {
  assert.deepEqual(group.updatePolicy['AutoScalingInstanceRefresh'], {
    Strategy: 'Rolling',
    Preferences: { MinHealthyPercentage: 100, MaxHealthyPercentage: 110, SkipMatching: true },
  });
});

test('a machine that is too old or unhealthy goes when another is a member, too', () => {
  assert.deepEqual(group.properties['InstanceMaintenancePolicy'], {
    MinHealthyPercentage: 100,
    MaxHealthyPercentage: 110,
  });
});

test('a deployment does not set the number of members back', () => {
  assert.equal(group.properties['DesiredCapacity'], undefined);
  assert.equal(group.properties['MinSize'], String(settings.memberCountMin));
  assert.equal(group.properties['MaxSize'], String(settings.memberCountMax));
});

interface Tracking {
  readonly TargetValue: number;
  readonly CustomizedMetricSpecification?: { Namespace: string; MetricName: string };
  readonly PredefinedMetricSpecification?: { PredefinedMetricType: string };
  readonly DisableScaleIn?: boolean;
}

test('in a group that may be empty no processor’s idling keeps the last machine', () => {
  const night = { name: 'Night', cron: '0 22 * * *', countMin: 0 };
  for (const changes of [{ memberCountMin: 0 }, { schedules: [night] }]) {
    const veto = variantTemplate({ settings: changes })
      .of('AWS::AutoScaling::ScalingPolicy')
      .map(({ properties }) => properties['TargetTrackingConfiguration'] as Tracking | undefined)
      .filter((policy) => policy !== undefined && policy.DisableScaleIn !== true);
    assert.deepEqual(
      veto.map((policy) => policy?.CustomizedMetricSpecification?.MetricName),
      ['SessionUtilization'],
    );
  }
});

test('the group follows sessions, and processor and network where those come first', () => {
  const policies = of('AWS::AutoScaling::ScalingPolicy')
    .filter(({ properties }) => properties['PolicyType'] === 'TargetTrackingScaling')
    .map(({ properties }) => properties['TargetTrackingConfiguration'] as Tracking);
  const custom = policies.find((policy) => policy.CustomizedMetricSpecification !== undefined);
  assert.equal(custom?.TargetValue, 100 - settings.spareCapacityPercent);
  assert.equal(custom.CustomizedMetricSpecification?.MetricName, 'SessionUtilization');
  const guards = policies.flatMap(
    (policy) => policy.PredefinedMetricSpecification?.PredefinedMetricType ?? [],
  );
  assert.deepEqual(guards.sort(), ['ASGAverageCPUUtilization', 'ASGAverageNetworkOut']);
  // A policy without scale-in would have no say when the others remove a member.
  assert.ok(policies.every((policy) => policy.DisableScaleIn !== true));
});

test('the front door may add a member to an empty group, and only add', () => {
  const wake = called('AWS::AutoScaling::ScalingPolicy', 'MembersScalingWake');
  assert.equal(wake.properties['AdjustmentType'], 'ChangeInCapacity');
  assert.equal(wake.properties['ScalingAdjustment'], 1);
  const { Environment: environment } = functionCalled('frontdoor').properties as {
    Environment: { Variables: Record<string, unknown> };
  };
  assert.deepEqual(environment.Variables[env.wakePolicyArn], { Ref: wake.id });
  const { AutoScalingGroupName: name } = group.properties;
  assert.deepEqual(wake.properties['AutoScalingGroupName'], { Ref: group.id });
  assert.deepEqual(environment.Variables[env.memberGroupName], name);
});
