import { Duration } from 'aws-cdk-lib';
import type { AutoScalingGroup } from 'aws-cdk-lib/aws-autoscaling';
import { CfnEIP, type IVpc, Peer, Port, SecurityGroup } from 'aws-cdk-lib/aws-ec2';
import {
  type ApplicationListener,
  NetworkLoadBalancer,
  NetworkTargetGroup,
  Protocol,
  TargetType,
} from 'aws-cdk-lib/aws-elasticloadbalancingv2';
import { AlbListenerTarget } from 'aws-cdk-lib/aws-elasticloadbalancingv2-targets';
import { Construct } from 'constructs';
import { healthPath, httpsPort } from './load-balancer.ts';
import { answerNag } from './nag-answer.ts';
import { RunbookAlarm } from './runbook-alarm.ts';

/**
 * One elastic IP per zone: clients must be configured with an address, because 5.x clients
 * configured with a name follow redirects wrongly (ADR 0004). On their own, because the certificate
 * names them before there is a load balancer that has them.
 */
export class StaticAddresses extends Construct {
  /** IPv4 literals. */
  readonly addresses: readonly string[];
  readonly allocationIds: readonly string[];

  constructor(scope: Construct, id: string, props: { readonly vpc: IVpc }) {
    super(scope, id);
    const elasticIps = props.vpc.publicSubnets.map(
      (_, zone) => new CfnEIP(this, `Address${zone + 1}`, { domain: 'vpc' }),
    );
    // A deleted load balancer keeps its addresses for a while, and CloudFormation fails to release
    // them meanwhile. It waits for a subnet to be empty: addresses go after that.
    for (const subnet of props.vpc.publicSubnets) subnet.node.addDependency(...elasticIps);
    this.addresses = elasticIps.map((address) => address.ref);
    this.allocationIds = elasticIps.map((address) => address.attrAllocationId);
  }
}

export interface FrontGateProps {
  readonly vpc: IVpc;
  readonly port: number;
  readonly addresses: StaticAddresses;
  readonly listener: ApplicationListener;
}

/** A person at vpncmd thinks longer than 350 s; the member itself gives up after 15 minutes. */
const vpncmdIdle = Duration.minutes(16);

interface VpncmdPorts {
  readonly port: number;
  readonly memberPort: number;
}

/** The network load balancer that has the static addresses: TCP through to the HTTPS one. */
export class FrontGate extends Construct {
  readonly balancer: NetworkLoadBalancer;
  private readonly securityGroup: SecurityGroup;
  private readonly vpc: IVpc;
  private readonly port: number;

  constructor(scope: Construct, id: string, props: FrontGateProps) {
    super(scope, id);
    const { addresses, listener, port, vpc } = props;
    this.vpc = vpc;
    this.port = port;
    this.securityGroup = new SecurityGroup(this, 'SecurityGroup', {
      vpc,
      description: 'Front door: anybody may knock',
    });
    this.securityGroup.addIngressRule(Peer.anyIpv4(), Port.tcp(port), 'Clients');
    answerNag(this.securityGroup, 'EC23', 'Clients come from anywhere: it is a VPN’s port.');
    this.balancer = new NetworkLoadBalancer(this, 'Balancer', {
      vpc,
      internetFacing: true,
      crossZoneEnabled: true,
      securityGroups: [this.securityGroup],
      subnetMappings: vpc.publicSubnets.map((subnet, zone) => ({
        subnet,
        ...allocation(addresses.allocationIds[zone]),
      })),
    });
    answerNag(this.balancer, 'ELB2', 'It logs TLS of its own only, and has none.');
    const targets = this.balancer
      .addListener('Tcp', { port, protocol: Protocol.TCP })
      .addTargets('LoadBalancer', {
        port: httpsPort,
        targets: [new AlbListenerTarget(listener)],
        healthCheck: { protocol: Protocol.HTTPS, path: healthPath, healthyHttpCodes: '200' },
      });
    new RunbookAlarm(this, 'Closed', {
      metric: targets.metrics.unHealthyHostCount({
        period: Duration.minutes(1),
        statistic: 'Maximum',
      }),
      threshold: 1,
      periods: 3,
      meaning: 'The static addresses lead to no load balancer that answers.',
      runbook: 'front-gate-closed',
    });
  }

  /**
   * Let `port` lead to where members answer clients: any of them answers vpncmd there. Members are
   * open to everybody at `memberPort` anyway, and see where the administrator is: it is TCP, by id.
   */
  openTo(members: AutoScalingGroup, { port, memberPort }: VpncmdPorts): void {
    if (port === this.port) throw new Error(`clientPort and vpncmdPort are both ${port}`);
    this.securityGroup.addIngressRule(Peer.anyIpv4(), Port.tcp(port), 'vpncmd');
    const targets = new NetworkTargetGroup(this, 'VpncmdTargets', {
      vpc: this.vpc,
      port: memberPort,
      protocol: Protocol.TCP,
      targetType: TargetType.INSTANCE,
      preserveClientIp: true,
      // Auto Scaling waits for it before a machine's hook begins: so long nobody knew of its end.
      deregistrationDelay: Duration.seconds(0),
    });
    members.attachToNetworkTargetGroup(targets);
    this.balancer.addListener('Vpncmd', {
      port,
      protocol: Protocol.TCP,
      tcpIdleTimeout: vpncmdIdle,
      defaultTargetGroups: [targets],
    });
  }
}

function allocation(allocationId: string | undefined): { allocationId?: string } {
  return allocationId === undefined ? {} : { allocationId };
}
