/** What the cluster says it is. Tools compare version and build with what they know. */
export const serverIdentity = {
  product: 'etherfleet VPN Server (SoftEther compatible)',
  family: 'etherfleet',
  /** major × 100 + minor, as in Hello: the genuine server it speaks like. */
  version: 502,
  build: 5_187,
  /** 2026-11-22, when it first ran. */
  builtMs: 1_795_305_600_000,
  /** The controller has no machine (design: it is a role). */
  hostName: 'controller',
} as const;
