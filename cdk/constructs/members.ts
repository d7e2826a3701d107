import { Annotations, Duration, Stack } from 'aws-cdk-lib';
import {
  AutoScalingGroup,
  type CfnAutoScalingGroup,
  DefaultResult,
  LifecycleTransition,
  UpdatePolicy,
} from 'aws-cdk-lib/aws-autoscaling';
import {
  AmazonLinuxCpuType,
  InstanceType,
  type IVpc,
  LaunchTemplate,
  LaunchTemplateHttpTokens,
  MachineImage,
  Peer,
  Port,
  SecurityGroup,
  UserData,
} from 'aws-cdk-lib/aws-ec2';
import { PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import type { Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda';
import { Construct } from 'constructs';
import { lifecycleHeartbeatSeconds } from '#functions/env.ts';
import type { Settings } from '../settings.ts';
import type { AgentApi } from './agent-api.ts';
import { MemberBundle } from './member-bundle.ts';
import { memberCloudConfig } from './member-cloud-config.ts';

export interface MembersProps {
  readonly vpc: IVpc;
  readonly settings: Settings;
  readonly agentApi: AgentApi;
}

/** The group of EC2 instances that run the node agent: one member each, each with a public IPv4. */
export class Members extends Construct {
  readonly groupName: string;
  private readonly groupArn: string;

  constructor(scope: Construct, id: string, props: MembersProps) {
    super(scope, id);
    const { settings, vpc } = props;
    const role = new Role(this, 'Role', {
      assumedBy: new ServicePrincipal('ec2.amazonaws.com'),
      description: 'A member: it may call the agent API and download its own program',
    });
    const bundle = new MemberBundle(this, 'Bundle');
    bundle.grantDownload(role);
    props.agentApi.grantCall(role);

    const securityGroup = new SecurityGroup(this, 'SecurityGroup', {
      vpc,
      description: 'Members: clients arrive with a ticket',
    });
    securityGroup.addIngressRule(Peer.anyIpv4(), Port.tcp(settings.clientPort));
    securityGroup.addIngressRule(
      securityGroup,
      Port.udp(settings.clientPort),
      'Members ask each other whether the control plane is there (ADR 0003)',
    );

    const launchTemplate = new LaunchTemplate(this, 'LaunchTemplate', {
      machineImage: MachineImage.latestAmazonLinux2023({ cpuType: AmazonLinuxCpuType.ARM_64 }),
      instanceType: new InstanceType(settings.memberInstanceType),
      role,
      securityGroup,
      associatePublicIpAddress: true,
      httpTokens: LaunchTemplateHttpTokens.REQUIRED,
      httpPutResponseHopLimit: 1,
      instanceMetadataTags: true,
      userData: UserData.custom(
        memberCloudConfig(this, {
          agent: {
            agentApiUrl: props.agentApi.url,
            region: Stack.of(this).region,
            capacity: settings.memberSessionsMax,
            weight: settings.memberWeight,
            listen: { address: '0.0.0.0', port: settings.clientPort },
          },
          bundleUrl: bundle.objectUrl,
          stopSeconds: settings.memberStopSeconds,
        }),
      ),
    });
    const group = new AutoScalingGroup(this, 'Group', {
      vpc,
      vpcSubnets: { subnets: vpc.publicSubnets },
      launchTemplate,
      minCapacity: settings.memberCount,
      desiredCapacity: settings.memberCount,
      maxCapacity: settings.memberCountMax,
      updatePolicy: UpdatePolicy.rollingUpdate({
        minInstancesInService: settings.memberCount, // a new member joins before an old one stops
        pauseTime: Duration.minutes(2),
      }),
    });
    Annotations.of(group).acknowledgeWarning(
      '@aws-cdk/aws-autoscaling:desiredCapacitySet',
      'The number of members is a setting; a deployment means it.',
    );
    group.addLifecycleHook('Leaving', {
      lifecycleTransition: LifecycleTransition.INSTANCE_TERMINATING,
      defaultResult: DefaultResult.CONTINUE, // a machine nobody speaks for is not kept
      heartbeatTimeout: Duration.seconds(lifecycleHeartbeatSeconds),
    });
    this.groupName = group.autoScalingGroupName;
    // The ARN has a part nobody knows before; the construct's own has a wildcard there.
    this.groupArn = (group.node.defaultChild as CfnAutoScalingGroup).attrAutoScalingGroupArn;
  }

  /** Let `lambda` keep a machine that is to be terminated waiting, and let it go. */
  grantLifecycle(lambda: LambdaFunction): void {
    this.grant(lambda, 'CompleteLifecycleAction', 'RecordLifecycleActionHeartbeat');
  }

  /** Let `lambda` have a machine replaced. */
  grantReplace(lambda: LambdaFunction): void {
    this.grant(lambda, 'SetInstanceHealth');
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
