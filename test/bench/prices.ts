/**
 * List prices in us-east-1, US dollars, without free tiers and volume discounts. Read the pages
 * before you rely on a figure: prices change.
 */
const perMillion = 1e-6;
/** A month as AWS counts it. */
export const monthHours = 730;

export const prices = {
  /** aws.amazon.com/dynamodb/pricing/on-demand (standard class, since November 2024). */
  readUnit: 0.125 * perMillion,
  writeUnit: 0.625 * perMillion,
  /** aws.amazon.com/lambda/pricing (arm64, first tier). */
  invocation: 0.2 * perMillion,
  gbSecond: 0.0000133334,
  /** aws.amazon.com/sqs/pricing (standard queues, first tier). */
  queueRequest: 0.4 * perMillion,
  /** aws.amazon.com/cloudwatch/pricing (Lambda logs, first tier). */
  logGb: 0.5,
  alarmMonth: 0.1,
  /** aws.amazon.com/elasticloadbalancing/pricing. */
  loadBalancerHour: 0.0225,
  lcuHour: 0.008,
  nlcuHour: 0.006,
  /** aws.amazon.com/vpc/pricing: each public IPv4 address in use. */
  publicAddressHour: 0.005,
  /** aws.amazon.com/secrets-manager/pricing. */
  secretMonth: 0.4,
  /** aws.amazon.com/ec2/pricing/on-demand (c7gn.medium, Linux). */
  memberHour: 0.0624,
  /** aws.amazon.com/ebs/pricing (gp3). */
  diskGbMonth: 0.08,
} as const;

/** What one LCU of an application load balancer is good for, with functions behind it. */
export const lcu = { newConnections: 25 * 3_600, bytes: 0.4 * 1024 ** 3 } as const;
/** What one NLCU of a network load balancer is good for (TCP). */
export const nlcu = { newConnections: 800 * 3_600, bytes: 1024 ** 3 } as const;
