/** Where things are on a member's machine. The local stack reads user data by them. */
export const memberPaths = {
  config: '/etc/etherfleet/agent.json',
  program: '/opt/etherfleet',
  startScript: '/usr/local/libexec/etherfleet-start',
  waitScript: '/usr/local/libexec/etherfleet-wait-for-service',
  /** Of which each process is one instance, called by its number. */
  unit: '/etc/systemd/system/etherfleet@.service',
  /** Made when the machine starts for the first time: what the unit cannot know before. */
  environment: '/etc/etherfleet/machine.env',
} as const;
