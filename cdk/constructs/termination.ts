import { Aws, Duration, Fn, Stack } from 'aws-cdk-lib';
import {
  type AutoScalingGroup,
  type CfnAutoScalingGroup,
  TerminationPolicy,
} from 'aws-cdk-lib/aws-autoscaling';
import { CfnServiceLinkedRole } from 'aws-cdk-lib/aws-iam';
import { CfnPermission } from 'aws-cdk-lib/aws-lambda';
import { Construct } from 'constructs';
import { NodeFunction } from './node-function.ts';
import type { StateTable } from './state-table.ts';

const service = 'autoscaling.amazonaws.com';

/** Auto Scaling waits no longer for a termination policy. */
const timeout = Duration.seconds(2);

/**
 * Says which machines go when the group is to have fewer: those whose end the fewest notice
 * (ADR 0032). The group asks as a service-linked role of its own, because the account's usual one
 * is not there before the account's first group is, and a permission must name one that is.
 */
export class Termination extends Construct {
  readonly lambda: NodeFunction;
  private readonly roleArn: string;
  private readonly permission: CfnPermission;

  constructor(scope: Construct, id: string, { table }: { readonly table: StateTable }) {
    super(scope, id);
    this.lambda = new NodeFunction(this, 'Function', {
      folder: 'termination',
      timeout,
      memoryMb: 512,
    });
    table.grantRead(this.lambda);
    const role = new CfnServiceLinkedRole(this, 'GroupRole', {
      awsServiceName: service,
      // Unique in the account, and short: a role's name has 64 characters.
      customSuffix: Fn.select(0, Fn.split('-', Fn.select(2, Fn.split('/', Aws.STACK_ID)))),
      description: 'The group of the members of an etherfleet cluster',
    });
    this.roleArn = Stack.of(this).formatArn({
      service: 'iam',
      region: '',
      resource: 'role',
      resourceName: `aws-service-role/${service}/${role.attrRoleName}`,
    });
    this.permission = new CfnPermission(this, 'GroupAsks', {
      action: 'lambda:InvokeFunction',
      functionName: this.lambda.functionArn,
      principal: this.roleArn,
    });
  }

  /** For the group. Our function answers as many as are to go; the default decides nothing. */
  get policies() {
    return {
      terminationPolicies: [TerminationPolicy.CUSTOM_LAMBDA_FUNCTION, TerminationPolicy.DEFAULT],
      terminationPolicyCustomLambdaFunctionArn: this.lambda.functionArn,
    };
  }

  /** Let the group ask. */
  admit(group: AutoScalingGroup): void {
    const resource = group.node.defaultChild as CfnAutoScalingGroup;
    resource.serviceLinkedRoleArn = this.roleArn;
    resource.addResourceDependency(this.permission);
  }
}
