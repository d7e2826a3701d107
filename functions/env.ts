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
  /** URL of the certificate function's queue. */
  certificateQueueUrl: 'CERTIFICATE_QUEUE_URL',
  /** What tells this cluster from others of the account: its stack's name. */
  clusterName: 'CLUSTER_NAME',
  /** Name of the group of members' machines. */
  memberGroupName: 'MEMBER_GROUP_NAME',
  /** ARN of the scaling policy that adds one machine. */
  wakePolicyArn: 'WAKE_POLICY_ARN',
} as const;

/** Largest request body the functions behind the load balancer look at (an ALB allows 1 MiB). */
export const loadBalancerBodyBytesMax = 1024 * 1024;

/**
 * A machine that was launched waits this long for its member to be active. The function that waits
 * for it decides before, see `decideArrival`.
 */
export const launchHeartbeatSeconds = 300;

/** A machine to be terminated waits this long, and again after each extension. */
export const lifecycleHeartbeatSeconds = 60;

/** Where the sweeper's figures about the fleet are: CloudWatch's names for them. */
export const fleetMetrics = {
  namespace: 'Etherfleet',
  /** The one dimension; its value is {@link env.clusterName}. */
  dimension: 'Cluster',
  /** Percent of the places of active members that are taken, reserved, or yet to be moved there. */
  utilization: 'SessionUtilization',
  sessions: 'Sessions',
  reserved: 'Reserved',
  capacity: 'Capacity',
  activeMembers: 'ActiveMembers',
  drainingMembers: 'DrainingMembers',
} as const;

/** A certificate the stack made has this tag, with {@link env.clusterName}. */
export const certificateTag = 'etherfleet-cluster';

/** What the schedule sends the certificate function. */
export const certificateMessage = {
  renew: (certificateArn: string, names: readonly string[]) => ({
    kind: 'renew' as const,
    certificateArn,
    names,
  }),
} as const;

/** What the schedules send the sweeper. */
export const sweeperMessage = {
  /** Each minute. */
  tick: { kind: 'tick' },
  /** Each day. */
  requestWalk: { kind: 'request-walk' },
} as const;
