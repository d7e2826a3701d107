/** The agent API: the IAM-signed function URL members call. All POST, JSON both ways. */
export const agentRoutes = {
  join: '/v1/members',
  heartbeat: '/v1/heartbeats',
  redeem: '/v1/tickets/redeem',
  adminLogin: '/v1/admin/sessions',
  adminCall: '/v1/admin/calls',
} as const;

/** Largest request body either side of the agent API accepts. */
export const agentBodyBytesMax = 1024 * 1024;
