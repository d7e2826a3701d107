import { ArnFormat, Duration, Stack } from 'aws-cdk-lib';
import {
  AutoScalingGroup,
  type CfnAutoScalingGroup,
  GroupMetrics,
  InstanceRefreshStrategy,
  OnDemandAllocationStrategy,
  PoolState,
  SpotAllocationStrategy,
  UpdatePolicy,
} from 'aws-cdk-lib/aws-autoscaling';
import { InstanceType, type IVpc, Peer, Port, SecurityGroup } from 'aws-cdk-lib/aws-ec2';
import { PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import type { Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda';
import { Construct } from 'constructs';
import { env, launchHeartbeatSeconds, lifecycleHeartbeatSeconds } from '#functions/env.ts';
import type { Settings } from '../settings.ts';
import type { AgentApi } from './agent-api.ts';
import { MachineLogs } from './machine-logs.ts';
import { MemberBundle } from './member-bundle.ts';
import { agentUnitNames, memberCloudConfig } from './member-cloud-config.ts';
import { MemberScaling } from './member-scaling.ts';
import { MemberTemplates } from './member-templates.ts';
import { answerNag } from './nag-answer.ts';
import type { Termination } from './termination.ts';

export interface MembersProps {
  readonly vpc: IVpc;
  readonly settings: Settings;
  readonly agentApi: AgentApi;
  readonly termination: Termination;
}

/**
 * How machines are replaced, whatever for: each time the new one is a member before the old one
 * drains. Without it Auto Scaling ends those that are too old, or unhealthy, first.
 */
const oneAfterTheOther = { minHealthyPercentage: 100, maxHealthyPercentage: 110 };

/** The group of EC2 instances that run node agents: a member for each core, each on its port. */
export class Members extends Construct {
  readonly group: AutoScalingGroup;
  /** Known before the group is there: who hears of its machines is to be there before them. */
  readonly groupName: string;
  readonly securityGroup: SecurityGroup;
  private readonly groupArn: string;
  private readonly scaling: MemberScaling;

  constructor(scope: Construct, id: string, props: MembersProps) {
    super(scope, id);
    const { settings, termination, vpc } = props;
    this.groupName = `${Stack.of(this).stackName}-Members`;
    this.securityGroup = this.openedFor(vpc, settings.memberPorts);
    this.group = new AutoScalingGroup(this, 'Group', {
      autoScalingGroupName: this.groupName,
      vpc,
      vpcSubnets: { subnets: vpc.publicSubnets },
      ...machines(settings, this.templates(props)),
      // No desired number: a deployment would set the group back to it.
      minCapacity: settings.memberCountMin,
      maxCapacity: settings.memberCountMax,
      capacityRebalance: true,
      maxInstanceLifetime: Duration.days(settings.memberLifetimeDays),
      groupMetrics: [GroupMetrics.all()],
      // On top of the launch hook: until the next minute's figures count what it has taken over.
      defaultInstanceWarmup: Duration.seconds(120),
      ...termination.policies,
      ...oneAfterTheOther,
      updatePolicy: UpdatePolicy.instanceRefresh({
        strategy: InstanceRefreshStrategy.ROLLING,
        ...oneAfterTheOther,
        skipMatching: true,
      }),
    });
    answerNag(
      this.group,
      'AS3',
      'Scaling events go to the event bus, where the lifecycle function hears of them.',
    );
    answerNag(
      this.group,
      'EC26',
      'The rule cannot read two launch templates; test/cdk/members.test.ts sees encrypted disks.',
    );
    this.addHooks();
    // Machines have their network when they start, and until the last of them is drained.
    const { internetConnectivityEstablished } = vpc.selectSubnets({ subnets: vpc.publicSubnets });
    this.group.node.addDependency(internetConnectivityEstablished);
    termination.admit(this.group);
    if (settings.memberWarmPoolSize !== undefined) {
      this.group.addWarmPool({
        poolState: PoolState.STOPPED,
        minSize: settings.memberWarmPoolSize,
        maxGroupPreparedCapacity: settings.memberCountMax,
        reuseOnScaleIn: false, // a member that ended does not join anew
      });
    }
    this.scaling = new MemberScaling(this, 'Scaling', { group: this.group, settings });
    // The ARN has a part nobody knows before; the construct's own has a wildcard there.
    this.groupArn = this.resource.attrAutoScalingGroupArn;
  }

  /**
   * Let `lambda` keep machines that come or go waiting, and decide when that is over. It is there
   * before the group is, and so before the group has an id: the name, which is the group's alone in
   * its account and region, has to do.
   */
  grantLifecycle(lambda: LambdaFunction): void {
    const arn = Stack.of(this).formatArn({
      service: 'autoscaling',
      resource: 'autoScalingGroup',
      resourceName: `*:autoScalingGroupName/${this.groupName}`,
      arnFormat: ArnFormat.COLON_RESOURCE_NAME,
    });
    const actions = ['CompleteLifecycleAction', 'RecordLifecycleActionHeartbeat'];
    lambda.addToRolePolicy(
      new PolicyStatement({
        actions: actions.map((action) => `autoscaling:${action}`),
        resources: [arn],
      }),
    );
    if (lambda.role === undefined) return;
    const named = `arn:<AWS::Partition>:autoscaling:<AWS::Region>:<AWS::AccountId>:${[
      'autoScalingGroup:*:autoScalingGroupName',
      this.groupName,
    ].join('/')}`;
    answerNag(lambda.role, `IAM5[Resource::${named}]`, 'A group of that name is this group.');
  }

  /** Let `lambda` have a machine replaced. */
  grantReplace(lambda: LambdaFunction): void {
    this.grant(lambda, 'SetInstanceHealth');
  }

  /** Let `lambda` add a machine where there is to be none. */
  grantWake(lambda: LambdaFunction): void {
    this.grant(lambda, 'ExecutePolicy');
    lambda.addToRolePolicy(
      new PolicyStatement({
        actions: ['autoscaling:DescribeAutoScalingGroups'],
        resources: ['*'], // it has no narrower one
      }),
    );
    if (lambda.role !== undefined) {
      answerNag(lambda.role, 'IAM5[Resource::*]', 'Groups are described all or none, says IAM.');
    }
    lambda.addEnvironment(...this.scaling.wakeVariable);
    lambda.addEnvironment(env.memberGroupName, this.groupName);
  }

  private templates({ agentApi, settings }: MembersProps): MemberTemplates {
    const role = new Role(this, 'Role', {
      assumedBy: new ServicePrincipal('ec2.amazonaws.com'),
      description: 'A member: it may call the agent API and download its own program',
    });
    const bundle = new MemberBundle(this, 'Bundle');
    bundle.grantDownload(role);
    agentApi.grantCall(role);
    const logs = new MachineLogs(this, 'Logs');
    logs.grantWrite(role);

    return new MemberTemplates(this, 'Templates', {
      role,
      securityGroup: this.securityGroup,
      instanceTypes: settings.memberInstanceTypes,
      userData: memberCloudConfig(this, {
        agent: {
          agentApiUrl: agentApi.url,
          region: Stack.of(this).region,
          capacity: settings.memberSessionsMax,
          weight: settings.memberWeight,
          listen: { address: '0.0.0.0', ports: settings.memberPorts },
        },
        bundleUrl: bundle.objectUrl,
        stopSeconds: settings.memberStopSeconds,
        hasWarmPool: settings.memberWarmPoolSize !== undefined,
        logs: logs.cloudConfig(agentUnitNames(settings.memberPorts.length)),
      }),
    });
  }

  private openedFor(vpc: IVpc, ports: readonly number[]): SecurityGroup {
    const securityGroup = new SecurityGroup(this, 'SecurityGroup', {
      vpc,
      description: 'Members: clients arrive with a ticket',
    });
    for (const port of ports) {
      securityGroup.addIngressRule(Peer.anyIpv4(), Port.tcp(port), 'Clients');
    }
    answerNag(securityGroup, 'EC23', 'Clients come from anywhere: it is a VPN’s port.');
    for (const port of ports) {
      securityGroup.addIngressRule(
        securityGroup,
        Port.udp(port),
        'Members ask each other whether the control plane is there (ADR 0003)',
      );
    }
    return securityGroup;
  }

  /**
   * Part of the group, so that its first machines wait in them too. Whatever happens to those who
   * are to answer, the group goes on: CONTINUE.
   */
  private addHooks(): void {
    const hook = (name: string, transition: string, heartbeatSeconds: number) => ({
      lifecycleHookName: name,
      lifecycleTransition: `autoscaling:EC2_INSTANCE_${transition}`,
      defaultResult: 'CONTINUE', // a machine nobody speaks for is not kept
      heartbeatTimeout: heartbeatSeconds,
    });
    this.resource.lifecycleHookSpecificationList = [
      hook('Arriving', 'LAUNCHING', launchHeartbeatSeconds),
      hook('Leaving', 'TERMINATING', lifecycleHeartbeatSeconds),
    ];
  }

  private get resource(): CfnAutoScalingGroup {
    return this.group.node.defaultChild as CfnAutoScalingGroup;
  }

  private grant(lambda: LambdaFunction, ...operations: readonly string[]): void {
    lambda.addToRolePolicy(
      new PolicyStatement({
        actions: operations.map((operation) => `autoscaling:${operation}`),
        resources: [this.groupArn],
      }),
    );
  }
}

/** Any of the types, on demand and Spot; EC2 keeps warm pools for groups of one type only. */
function machines(settings: Settings, templates: MemberTemplates) {
  if (settings.memberWarmPoolSize !== undefined) return { launchTemplate: templates.arm64 };
  const { arm64, x86_64: x86 } = settings.memberInstanceTypes;
  return {
    mixedInstancesPolicy: {
      launchTemplate: templates.arm64,
      launchTemplateOverrides: [
        ...arm64.map((type) => ({ instanceType: new InstanceType(type) })),
        ...x86.map((type) => ({
          instanceType: new InstanceType(type),
          launchTemplate: templates.x86,
        })),
      ],
      instancesDistribution: {
        onDemandBaseCapacity: settings.memberOnDemandBase,
        onDemandPercentageAboveBaseCapacity: settings.memberOnDemandPercent,
        onDemandAllocationStrategy: OnDemandAllocationStrategy.PRIORITIZED,
        spotAllocationStrategy: SpotAllocationStrategy.PRICE_CAPACITY_OPTIMIZED,
      },
    },
  };
}
