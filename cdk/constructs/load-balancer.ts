import { Duration } from 'aws-cdk-lib';
import { type IVpc, Peer, Port, SecurityGroup } from 'aws-cdk-lib/aws-ec2';
import {
  type ApplicationListener,
  ApplicationLoadBalancer,
  ApplicationProtocol,
  ApplicationTargetGroup,
  HttpCodeElb,
  HttpCodeTarget,
  ListenerAction,
  ListenerCertificate,
  ListenerCondition,
  SslPolicy,
  TargetType,
} from 'aws-cdk-lib/aws-elasticloadbalancingv2';
import { LambdaTarget } from 'aws-cdk-lib/aws-elasticloadbalancingv2-targets';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import { Construct } from 'constructs';
import { answerNag } from './nag-answer.ts';
import { RunbookAlarm } from './runbook-alarm.ts';

/** Answered by the load balancer itself, so that its health never depends on the control plane. */
export const healthPath = '/healthz';
/**
 * Of its listener, whatever port clients dial: the network load balancer leads there, and for as
 * long as it does there has to be a listener at that port.
 */
export const httpsPort = 443;

export interface LoadBalancerProps {
  readonly vpc: IVpc;
  /** In ACM, or IAM. */
  readonly certificateArn: string;
  /** Everything that is not an administrator's path. */
  readonly frontdoor: IFunction;
  readonly admin: IFunction;
}

/**
 * HTTPS in front of the functions. Genuine clients send `Host: <address>` and perhaps an address
 * as SNI (protocol/02 §3), so rules look at paths only and there is one certificate.
 */
export class LoadBalancer extends Construct {
  readonly listener: ApplicationListener;
  readonly balancer: ApplicationLoadBalancer;

  constructor(scope: Construct, id: string, props: LoadBalancerProps) {
    super(scope, id);
    const securityGroup = new SecurityGroup(this, 'SecurityGroup', {
      vpc: props.vpc,
      description: 'Front door: clients, whose addresses the network load balancer preserves',
      allowAllOutbound: false, // functions are invoked, not connected to
    });
    securityGroup.addIngressRule(Peer.anyIpv4(), Port.tcp(httpsPort), 'Clients');
    answerNag(securityGroup, 'EC23', 'The network load balancer keeps the clients’ addresses.');
    this.balancer = new ApplicationLoadBalancer(this, 'Balancer', {
      vpc: props.vpc,
      internetFacing: false, // reached through the static addresses only
      vpcSubnets: { subnets: props.vpc.publicSubnets },
      securityGroup,
      idleTimeout: Duration.seconds(60), // clients pause at most 15 s between requests
      dropInvalidHeaderFields: true, // every header a genuine client sends is valid
    });
    answerNag(
      this.balancer,
      'ELB2',
      'Every login is an event in the log of the function that answered it, with its source; ' +
        'access logs of a load balancer would need a bucket to say less.',
    );
    this.listener = this.balancer.addListener('Https', {
      port: httpsPort,
      protocol: ApplicationProtocol.HTTPS,
      sslPolicy: SslPolicy.RECOMMENDED_TLS, // 1.2 and 1.3: 4.x and 5.x clients offer these
      certificates: [ListenerCertificate.fromArn(props.certificateArn)],
      open: false,
      defaultAction: ListenerAction.forward([this.lambdaTargets('Frontdoor', props.frontdoor)]),
    });
    this.listener.addAction('Health', {
      priority: 10,
      conditions: [ListenerCondition.pathPatterns([healthPath])],
      action: ListenerAction.fixedResponse(200, { contentType: 'text/plain', messageBody: 'ok' }),
    });
    this.listener.addAction('AdminPaths', {
      priority: 20,
      conditions: [ListenerCondition.pathPatterns(['/api', '/api/*', '/v1/*'])],
      action: ListenerAction.forward([this.lambdaTargets('Admin', props.admin)]),
    });
    // A function that throws, takes too long or is throttled is the load balancer's own 502.
    const { metrics } = this.balancer;
    const period = Duration.minutes(1);
    const answered = {
      threshold: 5,
      meaning: 'Clients or administrators were answered with a server error.',
      runbook: 'front-door-5xx',
    };
    new RunbookAlarm(this, 'Unavailable', {
      metric: metrics.httpCodeTarget(HttpCodeTarget.TARGET_5XX_COUNT, { period }),
      ...answered,
    });
    new RunbookAlarm(this, 'Unanswered', {
      metric: metrics.httpCodeElb(HttpCodeElb.ELB_5XX_COUNT, { period }),
      ...answered,
    });
  }

  private lambdaTargets(id: string, lambda: IFunction): ApplicationTargetGroup {
    return new ApplicationTargetGroup(this, `${id}Targets`, {
      targetType: TargetType.LAMBDA,
      targets: [new LambdaTarget(lambda)],
      multiValueHeadersEnabled: true, // a header sent twice arrives twice
    });
  }
}
