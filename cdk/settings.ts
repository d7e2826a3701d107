import type { OnPremisesMember } from './constructs/on-premises.ts';

/** A change of the group's size at set times, as Auto Scaling's scheduled actions make it. */
export interface CapacitySchedule {
  readonly name: string;
  /** Five cron fields, e.g. `30 7 * * MON-FRI`. */
  readonly cron: string;
  /** IANA name; without one, UTC. */
  readonly timeZone?: string;
  /** From then on: fewest and most members. */
  readonly countMin: number;
  readonly countMax?: number;
}

/** What an operator may want to change before `cdk deploy`; the rest is decided by the code. */
export interface Settings {
  /** TCP port of the front door. */
  readonly clientPort: number;
  /**
   * TCP ports of members. A machine runs an agent for each of its cores, each a member of its own
   * on a port of its own, as far as these go; the redirect says which. With one only, a machine
   * runs one agent: for clients that can leave their network on that port only.
   */
  readonly memberPorts: readonly number[];
  /**
   * Port at which vpncmd reaches any member through the front door's addresses (ADR 0034). Unset,
   * nothing listens there; members answer administrators at their own ports all the same.
   */
  readonly vpncmdPort?: number;

  /** Fewest machines. 0: the last one leaves when nobody is there, the first login calls one. */
  readonly memberCountMin: number;
  readonly memberCountMax: number;
  /** EC2 instance types by processor, the preferred first; with 1 GB for each core at least. */
  readonly memberInstanceTypes: {
    readonly arm64: readonly string[];
    readonly x86_64: readonly string[];
  };
  /** So many machines are on demand before any is Spot. */
  readonly memberOnDemandBase: number;
  /** And of those beyond, so many percent. */
  readonly memberOnDemandPercent: number;
  /** A machine is replaced, by way of a drain, at this age. Patches come with deployments. */
  readonly memberLifetimeDays: number;
  /** Machines kept installed and stopped. The group then is of one type, all on demand (EC2). */
  readonly memberWarmPoolSize?: number;
  /** Most sessions one member takes: one agent, on one core. */
  readonly memberSessionsMax: number;
  /** SoftEther's "standard ratio": 100 is one share of the sessions. */
  readonly memberWeight: number;
  /** A stopping member gets this long to close its sessions in an orderly way. */
  readonly memberStopSeconds: number;

  /** Part of all places that is to be free, for those who come before another member is there. */
  readonly spareCapacityPercent: number;
  /** Members are added beyond these averages too, however few sessions there are. */
  readonly memberCpuPercentMax: number;
  readonly memberBytesOutPerMinuteMax: number;
  readonly schedules: readonly CapacitySchedule[];

  /** Members outside AWS. Also `-c onPremises=NAME@IPV4,…`. */
  readonly onPremisesMembers: readonly OnPremisesMember[];

  /** A restored table, in place of the stack's own. Also `-c tableName=…`. */
  readonly tableName?: string;
  /** Told when an alarm rings. Also `-c alarmEmail=…`. */
  readonly alarmEmail?: string;
}

export const settings: Settings = {
  clientPort: 443,
  memberPorts: [443, 992, 1194, 8888], // as genuine servers listen, but for vpncmd's own
  vpncmdPort: 5555,

  memberCountMin: 2,
  memberCountMax: 12,
  memberInstanceTypes: {
    // Of each generation the one with the network; a member takes about one core.
    arm64: ['c7gn.medium', 'c6gn.medium'],
    x86_64: ['c6in.large', 'm6in.large', 'c5n.large'],
  },
  memberOnDemandBase: 2,
  memberOnDemandPercent: 50,
  memberLifetimeDays: 30,
  memberSessionsMax: 1_000,
  memberWeight: 100,
  memberStopSeconds: 120,

  spareCapacityPercent: 40,
  memberCpuPercentMax: 60,
  // 1.2 Gbit/s: three quarters of what the slowest, c6gn.medium, keeps up for good.
  memberBytesOutPerMinuteMax: 9_000_000_000,
  schedules: [],

  onPremisesMembers: [],
};
