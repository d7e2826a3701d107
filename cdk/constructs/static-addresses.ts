import { CfnEIP, type IVpc, Peer, Port, SecurityGroup } from 'aws-cdk-lib/aws-ec2';
import {
  type ApplicationListener,
  NetworkLoadBalancer,
  Protocol,
} from 'aws-cdk-lib/aws-elasticloadbalancingv2';
import { AlbListenerTarget } from 'aws-cdk-lib/aws-elasticloadbalancingv2-targets';
import { Construct } from 'constructs';
import { healthPath } from './load-balancer.ts';

export interface StaticAddressesProps {
  readonly vpc: IVpc;
  readonly port: number;
  readonly listener: ApplicationListener;
}

/**
 * One elastic IP per zone in front of the load balancer: clients must be configured with an
 * address, because 5.x clients configured with a name follow redirects wrongly (ADR 0004).
 */
export class StaticAddresses extends Construct {
  /** IPv4 literals. */
  readonly addresses: readonly string[];

  constructor(scope: Construct, id: string, props: StaticAddressesProps) {
    super(scope, id);
    const elasticIps = props.vpc.publicSubnets.map(
      (_, zone) => new CfnEIP(this, `Address${zone + 1}`, { domain: 'vpc' }),
    );
    this.addresses = elasticIps.map((address) => address.ref);
    const securityGroup = new SecurityGroup(this, 'SecurityGroup', {
      vpc: props.vpc,
      description: 'Front door: anybody may knock',
    });
    securityGroup.addIngressRule(Peer.anyIpv4(), Port.tcp(props.port));
    const balancer = new NetworkLoadBalancer(this, 'Balancer', {
      vpc: props.vpc,
      internetFacing: true,
      crossZoneEnabled: true,
      securityGroups: [securityGroup],
      subnetMappings: props.vpc.publicSubnets.map((subnet, zone) => ({
        subnet,
        ...allocation(elasticIps[zone]),
      })),
    });
    balancer
      .addListener('Tcp', { port: props.port, protocol: Protocol.TCP })
      .addTargets('LoadBalancer', {
        port: props.port,
        targets: [new AlbListenerTarget(props.listener)],
        healthCheck: { protocol: Protocol.HTTPS, path: healthPath, healthyHttpCodes: '200' },
      });
  }
}

function allocation(address: CfnEIP | undefined): { allocationId?: string } {
  return address === undefined ? {} : { allocationId: address.attrAllocationId };
}
