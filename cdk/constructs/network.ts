import { type IVpc, SubnetType, Vpc } from 'aws-cdk-lib/aws-ec2';
import { Construct } from 'constructs';
import { answerNag } from './nag-answer.ts';

/**
 * Two zones of public subnets. Members own public addresses (ADR 0004), so nothing needs a NAT.
 * Nor an endpoint: functions are in no VPC, members talk to no table, and what they download from
 * S3 in their region costs nothing by way of the internet gateway either.
 */
export class Network extends Construct {
  readonly vpc: IVpc;

  constructor(scope: Construct, id: string) {
    super(scope, id);
    this.vpc = new Vpc(this, 'Vpc', {
      maxAzs: 2,
      natGateways: 0,
      subnetConfiguration: [
        {
          name: 'Public',
          subnetType: SubnetType.PUBLIC,
          cidrMask: 20,
          mapPublicIpOnLaunch: false, // members ask for their address themselves
        },
      ],
      restrictDefaultSecurityGroup: false, // unused, and restricting it takes a custom resource
    }) as IVpc; // aws-cdk-lib's own types disagree under exactOptionalPropertyTypes
    answerNag(
      this.vpc,
      'VPC7',
      'Members carry the users’ traffic: a record of every flow would cost more than the members ' +
        'and say of whom it is. Logins and sessions are logged where they are decided.',
    );
  }
}
