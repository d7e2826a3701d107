/**
 * Names of the environment variables the stack sets and the functions read. Both sides import them
 * from here; this file therefore imports nothing.
 */
export const env = {
  /** Name of the one DynamoDB table. */
  tableName: 'TABLE_NAME',
  /** Secret whose string is JSON `{"key": "<64 or more random characters>"}`. */
  clusterSecretArn: 'CLUSTER_SECRET_ARN',
  /** Secret whose string is the first server administrator password. */
  adminPasswordArn: 'ADMIN_PASSWORD_ARN',
  /** URL of the watchdog's queue. */
  watchdogQueueUrl: 'WATCHDOG_QUEUE_URL',
  /** URL of the lifecycle function's queue. */
  lifecycleQueueUrl: 'LIFECYCLE_QUEUE_URL',
  /** URL of the sweeper's queue. */
  sweeperQueueUrl: 'SWEEPER_QUEUE_URL',
} as const;

/** Largest request body the functions behind the load balancer look at (an ALB allows 1 MiB). */
export const loadBalancerBodyBytesMax = 1024 * 1024;

/** A machine to be terminated waits this long, and again after each extension. */
export const lifecycleHeartbeatSeconds = 60;

/** What the schedules send the sweeper. */
export const sweeperMessage = {
  /** Each minute. */
  tick: { kind: 'tick' },
  /** Each day. */
  requestWalk: { kind: 'request-walk' },
} as const;
