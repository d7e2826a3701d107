/** What an operator may want to change before `cdk deploy`; the rest is decided by the code. */
export interface Settings {
  /** Members the group keeps running. */
  readonly memberCount: number;
  /** Most members while a deployment replaces them. */
  readonly memberCountMax: number;
  /** EC2 instance type of a member; arm64, like the functions. */
  readonly memberInstanceType: string;
  /** Most sessions one member takes. */
  readonly memberSessionsMax: number;
  /** SoftEther's "standard ratio": 100 is one share of the sessions. */
  readonly memberWeight: number;
  /** A stopping member gets this long to close its sessions in an orderly way. */
  readonly memberStopSeconds: number;
  /** TCP port of the front door and of every member. */
  readonly clientPort: number;
}

export const settings: Settings = {
  memberCount: 3,
  memberCountMax: 6,
  memberInstanceType: 'c7gn.medium',
  memberSessionsMax: 1_000,
  memberWeight: 100,
  memberStopSeconds: 120,
  clientPort: 443,
};
