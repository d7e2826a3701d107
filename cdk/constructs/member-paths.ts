/** Where things are on a member's machine. The local stack reads user data by them. */
export const memberPaths = {
  config: '/etc/etherfleet/agent.json',
  program: '/opt/etherfleet',
  waitScript: '/usr/local/libexec/etherfleet-wait-for-service',
  unit: '/etc/systemd/system/etherfleet.service',
} as const;
