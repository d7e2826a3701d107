import { type SynthesizedResource, text } from '../cdk/template.ts';
import { monthHours, prices } from './prices.ts';

/** Further list prices in us-east-1, US dollars a month; `prices.ts` says how to read them. */
const month = {
  /**
   * aws.amazon.com/kms/pricing: a customer-managed key; each new key of a yearly rotation costs as
   * much again, at first. Compared: AWS's own page, and cloudburn.io/blog/aws-kms-pricing, March
   * 2026.
   */
  key: 1,
  /** aws.amazon.com/cloudwatch/pricing: a dashboard, a custom metric. Compared as `prices.ts`. */
  dashboard: 3,
  metric: 0.3,
  loadBalancer: prices.loadBalancerHour * monthHours,
  publicAddress: prices.publicAddressHour * monthHours,
} as const;

/** What a resource costs each month because it is there; not what it costs to use. */
export type MonthlyPrice = (resource: SynthesizedResource) => number;

export const monthlyPrices: Readonly<Record<string, MonthlyPrice>> = {
  'AWS::KMS::Key': () => month.key,
  'AWS::SecretsManager::Secret': () => prices.secretMonth,
  // One per metric looked at; of several they are listed, with the expression over them.
  'AWS::CloudWatch::Alarm': ({ properties }) =>
    prices.alarmMonth *
    Math.max(1, text(properties['Metrics'] ?? []).split('"MetricStat"').length - 1),
  'AWS::CloudWatch::Dashboard': () => month.dashboard,
  // Two for each target tracking policy, which Auto Scaling makes.
  'AWS::AutoScaling::ScalingPolicy': ({ properties }) =>
    properties['PolicyType'] === 'TargetTrackingScaling' ? 2 * prices.alarmMonth : 0,
  'AWS::ElasticLoadBalancingV2::LoadBalancer': () => month.loadBalancer,
  'AWS::EC2::EIP': () => month.publicAddress,
  // Pollers ask in vain: five, every 20 s, and three requests for each message of the schedules.
  'AWS::Lambda::EventSourceMapping': () => 5 * 180 * monthHours * prices.queueRequest,
};

/** Figures the sweeper tells CloudWatch: see `fleetMetrics`. */
export const fleetFigures = 6;
export const figurePrice = month.metric;
/** Detailed monitoring of one EC2 instance: seven figures. */
export const monitoringPrice = 7 * month.metric;
export const addressPrice = month.publicAddress;

/**
 * On demand, Linux, us-east-1, an hour: aws.amazon.com/ec2/pricing/on-demand. Not compared: no copy
 * of AWS's price list was at hand.
 */
export const instanceHour: Readonly<Record<string, number>> = {
  'c7gn.medium': 0.0624,
  'c6gn.medium': 0.0432,
  'c6in.large': 0.1134,
  'm6in.large': 0.13923,
  'c5n.large': 0.108,
};

/** Types that cost nothing by themselves; some of them by use, which `bench:login` counts. */
const free = [
  ...['AWS::DynamoDB::Table', 'AWS::Lambda::Function', 'AWS::Lambda::Url', 'AWS::SQS::Queue'],
  ...['AWS::Logs::LogGroup', 'AWS::SNS::Topic', 'AWS::SNS::Subscription', 'AWS::SNS::TopicPolicy'],
  ...['AWS::EC2::VPC', 'AWS::EC2::Subnet', 'AWS::EC2::RouteTable', 'AWS::EC2::Route'],
  ...['AWS::EC2::SubnetRouteTableAssociation', 'AWS::EC2::InternetGateway'],
  ...['AWS::EC2::VPCGatewayAttachment', 'AWS::EC2::SecurityGroup'],
  ...['AWS::EC2::SecurityGroupIngress', 'AWS::EC2::SecurityGroupEgress'],
  ...['AWS::EC2::LaunchTemplate', 'AWS::AutoScaling::AutoScalingGroup'],
  ...['AWS::AutoScaling::ScheduledAction', 'AWS::IAM::ServiceLinkedRole'],
  ...['AWS::IAM::Role', 'AWS::IAM::Policy', 'AWS::IAM::InstanceProfile', 'AWS::IAM::User'],
  ...['AWS::IAM::ManagedPolicy', 'AWS::IAM::Group', 'AWS::Lambda::Permission'],
  ...['AWS::SQS::QueuePolicy', 'AWS::Events::Rule', 'Custom::SelfSignedCertificate'],
  ...['AWS::ElasticLoadBalancingV2::Listener', 'AWS::ElasticLoadBalancingV2::ListenerRule'],
  'AWS::ElasticLoadBalancingV2::TargetGroup',
];

/** @throws for a type nobody has looked up the price of. */
export function monthlyPriceOf(resource: SynthesizedResource): number {
  const price = monthlyPrices[resource.type];
  if (price !== undefined) return price(resource);
  if (free.includes(resource.type)) return 0;
  throw new Error(`what does ${resource.type} cost? (${text(resource.id)})`);
}
