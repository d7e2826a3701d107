import { mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { readCloudConfig } from '#cdk/local/ec2/cloud-config.ts';
import type { GroupTerms } from '#cdk/local/ec2/group-terms.ts';
import { type GroupEvent, MemberGroup } from '#cdk/local/ec2/member-group.ts';
import type { ServiceEvent } from '#cdk/local/events/event-bus.ts';
import { CredentialRegistry } from '#cdk/local/iam/credential-registry.ts';
import { Reaper } from '#cdk/local/process/reaper.ts';
import { systemClock, systemRandom, systemTimers } from '#cdk/local/system.ts';
import type { Clock, Timers } from '#shared/kernel/clock.ts';

export const userData = `#cloud-config
${JSON.stringify({
  write_files: [
    {
      path: '/etc/etherfleet/agent.json',
      content: JSON.stringify({ capacity: 7, listen: { address: '0.0.0.0', ports: [443, 992] } }),
    },
    {
      path: '/etc/systemd/system/etherfleet@.service',
      content:
        '[Service]\nExecStart=/usr/bin/node-24 --no-warnings /opt/etherfleet/main.mjs ' +
        `--config /etc/etherfleet/agent.json --process %i --processes \${PROCESSES}\n` +
        'Restart=always\nRestartSec=100ms\nRestartPreventExitStatus=0\nTimeoutStopSec=120\n',
    },
    {
      path: '/usr/local/libexec/etherfleet-start',
      content:
        'cores=$(nproc)\necho $cores > /etc/etherfleet/machine.env\n' +
        'systemctl start "etherfleet@$process.service"\n',
    },
  ],
  runcmd: [
    ['dnf', 'install', '-y', 'nodejs24'],
    ['aws', 's3', 'cp', 's3://assets/abc.zip', '/run/etherfleet.zip'],
    ['/usr/local/libexec/etherfleet-start'],
  ],
})}`;

export const terms = {
  ...{ groupName: 'Group', groupArn: 'arn:group', minSize: 1, maxSize: 4, warmupMs: 0 },
  goesFirst: 'oldest',
  launching: undefined,
  terminating: {
    name: 'Hook',
    transition: 'autoscaling:EC2_INSTANCE_TERMINATING',
    heartbeatMs: 60_000,
    defaultResult: 'CONTINUE',
  },
  simplePolicies: [],
} as const;

/** By what the group counts time. */
export interface GroupTime {
  readonly clock: Clock;
  readonly timers: Timers;
}

export interface GroupUnderTest {
  readonly group: MemberGroup;
  readonly events: readonly GroupEvent[];
  /** What the account's event bus was told. */
  readonly published: readonly ServiceEvent[];
  readonly folder: string;
}

/** A group of two, whose agents say who they are and stay; it ends with the test. */
export async function startGroup(
  context: TestContext,
  replaceAfterMs: number,
  heartbeatMs = 60_000,
  changes: Partial<GroupTerms> = {},
  cores = 1,
  { clock, timers }: GroupTime = { clock: systemClock, timers: systemTimers },
): Promise<GroupUnderTest> {
  const folder = mkdtempSync(join(tmpdir(), 'etherfleet-group-'));
  const events: GroupEvent[] = [];
  const published: ServiceEvent[] = [];
  const reaper = new Reaper();
  const group = new MemberGroup({
    launchTemplate: {
      recipe: readCloudConfig(userData),
      bundleFolder: fileURLToPath(new URL('../../fixtures/agent', import.meta.url)),
      role: { roleName: 'MembersRole', roleId: 'AROA1' },
    },
    terms: { ...terms, terminating: { ...terms.terminating, heartbeatMs }, ...changes },
    publish: (event) => published.push(event),
    endpoints: [
      { address: '127.0.0.1', port: 10_443 },
      { address: '127.0.0.1', port: 10_444 },
    ],
    desired: 2,
    isFree: async () => true,
    replaceAfterMs,
    folder,
    logFolder: folder,
    timers,
    onEvent: (event) => events.push(event),
    services: {
      registry: new CredentialRegistry(clock, systemRandom),
      clock,
      random: systemRandom,
      reaper,
      searchPath: process.env['PATH'] ?? '',
      cores,
    },
  });
  context.after(async () => {
    await group.stop(2_000);
    reaper.stop();
  });
  await group.start();
  return { group, events, published, folder };
}

interface Words {
  readonly id: string;
  readonly number: number;
  readonly of: string;
  readonly port: number;
}

/** What the agents of the machine at a port said about themselves, most recent last. */
export function words(folder: string, port: number): Words[] {
  return readFileSync(join(folder, `member-127.0.0.1-${port}.log`), 'utf8')
    .split('\n')
    .filter((line) => line !== '' && !line.includes('unit.restarts'))
    .map((line) => JSON.parse(line));
}

/** The details of the events of one type that were published. */
export function detailsOf(
  published: readonly ServiceEvent[],
  type: string,
): Record<string, unknown>[] {
  return published.filter((event) => event['detail-type'] === type).map(({ detail }) => detail);
}

/** Go on with the lifecycle action of an event. */
export function goOn(group: MemberGroup, detail: Record<string, unknown> | undefined): boolean {
  const [instanceId, hook, token] = ['EC2InstanceId', 'LifecycleHookName', 'LifecycleActionToken'];
  const text = (name: string | undefined): string => String(detail?.[name ?? '']);
  return group.complete(text(instanceId), text(hook), text(token), 'CONTINUE');
}
