/**
 * List prices in us-east-1, US dollars, without free tiers and volume discounts. Read the pages
 * before you rely on a figure: prices change. Each says what it was compared with and of when that
 * is; AWS's own pages fill in their figures in the reader's browser, so copies of them have none.
 */
const perMillion = 1e-6;
/** A month as AWS counts it. */
export const monthHours = 730;

export const prices = {
  /**
   * aws.amazon.com/dynamodb/pricing/on-demand (standard class, since November 2024). Compared:
   * airbyte.com/data-engineering-resources/dynamodb-pricing, July 2025.
   */
  readUnit: 0.125 * perMillion,
  writeUnit: 0.625 * perMillion,
  /**
   * aws.amazon.com/lambda/pricing (arm64, first 7.5 billion GB-seconds). Compared:
   * cloudchipr.com/blog/aws-lambda-pricing, 2024.
   */
  invocation: 0.2 * perMillion,
  gbSecond: 0.0000133334,
  /** aws.amazon.com/sqs/pricing (standard queues, first tier). Not compared. */
  queueRequest: 0.4 * perMillion,
  /**
   * aws.amazon.com/cloudwatch/pricing (Lambda logs, first tier). Compared: signoz.io/guides/
   * cloudwatch-pricing, February 2026, and cloudburn.io/blog/amazon-cloudwatch-pricing, of then.
   */
  logGb: 0.5,
  alarmMonth: 0.1,
  /**
   * aws.amazon.com/elasticloadbalancing/pricing. Compared, with what units are good for:
   * awsnegotiations.com/elastic-load-balancer-cost.html, May 2026.
   */
  loadBalancerHour: 0.0225,
  lcuHour: 0.008,
  nlcuHour: 0.006,
  /** aws.amazon.com/vpc/pricing: each public IPv4 address in use. Not compared. */
  publicAddressHour: 0.005,
  /** aws.amazon.com/secrets-manager/pricing. Not compared. */
  secretMonth: 0.4,
  /** aws.amazon.com/ec2/pricing/on-demand (c7gn.medium, Linux). Not compared. */
  memberHour: 0.0624,
  /** aws.amazon.com/ebs/pricing (gp3). Not compared. */
  diskGbMonth: 0.08,
} as const;

/** What one LCU of an application load balancer is good for, with functions behind it. */
export const lcu = { newConnections: 25 * 3_600, bytes: 0.4 * 1024 ** 3 } as const;
/** What one NLCU of a network load balancer is good for (TCP). */
export const nlcu = { newConnections: 800 * 3_600, bytes: 1024 ** 3 } as const;
