import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import {
  AutoScalingClient,
  DescribeAutoScalingGroupsCommand,
  DescribeInstanceRefreshesCommand,
  SetDesiredCapacityCommand,
  StartInstanceRefreshCommand,
} from '@aws-sdk/client-auto-scaling';
import type { ReconnectingSession } from '#node-agent/dial/reconnecting.ts';
import { eventually } from '#test/support/eventually.ts';
import { CloudProcess } from './cloud-process.ts';

const frontDoorPort = 22_680;
/** A client's retry interval, and what a login takes on a busy machine. */
const absentMsMax = 1_000 + 9_000;
const users = Array.from({ length: 12 }, (_, number) => `user${number}`);

/** Watches how long each session is away at a time. */
class Watch {
  longestMs = 0;
  private readonly awaySinceMs = new Map<ReconnectingSession, number>();
  private readonly timer: NodeJS.Timeout;

  constructor(sessions: readonly ReconnectingSession[]) {
    this.timer = setInterval(() => {
      const nowMs = performance.now();
      for (const session of sessions) {
        if (isConnected(session)) this.awaySinceMs.delete(session);
        else {
          const since = this.awaySinceMs.get(session) ?? nowMs;
          this.awaySinceMs.set(session, since);
          this.longestMs = Math.max(this.longestMs, nowMs - since);
        }
      }
    }, 50);
  }

  end(): void {
    clearInterval(this.timer);
  }
}

describe('the group of members, as an operator of AWS moves it', { timeout: 400_000 }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'etherfleet-group-'));
  const cloud = new CloudProcess(frontDoorPort, 3, folder);
  const sessions: ReconnectingSession[] = [];
  let client: AutoScalingClient;
  let AutoScalingGroupName = '';

  before(async () => {
    await cloud.start();
    client = operatorOf(join(folder, 'data', 'operator.env'));
    const { AutoScalingGroups } = await client.send(new DescribeAutoScalingGroupsCommand());
    AutoScalingGroupName = AutoScalingGroups?.[0]?.AutoScalingGroupName ?? '';
    for (const [HubName_str, HubType_u32] of [
      ['fixed', 1],
      ['moving', 2],
    ] as const) {
      await cloud.rpc('CreateHub', { HubName_str, HubType_u32, Online_bool: true });
      for (const Name_str of users) {
        const password = { AuthType_u32: 1, Auth_Password_str: 'secret' };
        await cloud.rpc('CreateUser', { HubName_str, Name_str, ...password });
      }
    }
  });

  after(async () => {
    await Promise.all(sessions.map((session) => session.close()));
    client.destroy();
    await cloud.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  const connect = async (hub: string, names: readonly string[]): Promise<void> => {
    sessions.push(...names.map((user) => cloud.dial(hub, user)));
    await allConnected(60_000);
  };
  const allConnected = (limitMs: number): Promise<void> =>
    eventually(() => {
      const missing = sessions.filter((session) => !isConnected(session)).length;
      return missing === 0 ? undefined : `${missing} of ${sessions.length} are not connected`;
    }, limitMs);
  const countAt = (port: number): number =>
    sessions.filter((session) => session.session?.member.port === port).length;
  const resize = (DesiredCapacity: number) =>
    client.send(new SetDesiredCapacityCommand({ AutoScalingGroupName, DesiredCapacity }));

  test('instance refresh over three members loses none of 12 sessions', async (context) => {
    await connect('fixed', users.slice(0, 8));
    await connect('moving', users.slice(8));
    const former = cloud.state().members.map(({ id }) => id);
    const watch = new Watch(sessions);
    await client.send(
      new StartInstanceRefreshCommand({
        AutoScalingGroupName,
        Preferences: { MinHealthyPercentage: 100, MaxHealthyPercentage: 200, InstanceWarmup: 0 },
      }),
    );
    await eventually(async () => {
      const answer = await client.send(
        new DescribeInstanceRefreshesCommand({ AutoScalingGroupName }),
      );
      const { Status: status, PercentageComplete: percent } = answer.InstanceRefreshes?.[0] ?? {};
      return status === 'Successful' ? undefined : `${status} ${percent} %`;
    }, 150_000);
    await allConnected(absentMsMax);
    watch.end();
    await eventually(() => {
      const left = cloud.state().members.filter(({ id }) => former.includes(id));
      return left.length === 0 ? undefined : `of the former members are left: ${left.length}`;
    }, 10_000);
    const returns = sessions.map((session) => session.sessions - 1);
    context.diagnostic(
      `away for at most ${Math.round(watch.longestMs)} ms, ${Math.max(...returns)} times`,
    );
    assert(watch.longestMs < absentMsMax, `${watch.longestMs} ms`);
    assert(Math.max(...returns) <= 3, `moved at most once for each member: ${returns.join()}`);
  });

  test('scale-out under load: the new member takes sessions at once, not all', async (context) => {
    const before = sessions.map((session) => session.sessions);
    await resize(4);
    await cloud.membersActive(4);
    const known = new Set(sessions.map((session) => session.session?.member.port));
    await connect('fixed', users.slice(8)); // 4 more
    await connect('fixed', users.slice(0, 8)); // and 8: some users twice
    const fresh = cloud.state().members.find(({ port }) => !known.has(port));
    assert(fresh, 'there is a member nobody was on before');
    const taken = countAt(fresh.port);
    context.diagnostic(`the new member took ${taken} of 12`);
    assert(taken >= 1, 'it takes sessions at once');
    assert(taken <= 9, `no stampede: it took ${taken} of 12`);
    assert.deepEqual(
      sessions.slice(0, 12).map((session) => session.sessions),
      before,
      'nobody who was connected noticed',
    );
  });
});

function isConnected(session: ReconnectingSession): boolean {
  return (session.session?.connections ?? 0) > 0;
}

/** What the AWS CLI is after `. operator.env`. */
function operatorOf(path: string): AutoScalingClient {
  const text = readFileSync(path, 'utf8');
  const value = (name: string): string =>
    new RegExp(`^export ${name}='(.*)'$`, 'm').exec(text)?.[1] ?? '';
  return new AutoScalingClient({
    endpoint: value('AWS_ENDPOINT_URL_AUTO_SCALING'),
    region: value('AWS_REGION'),
    credentials: {
      accessKeyId: value('AWS_ACCESS_KEY_ID'),
      secretAccessKey: value('AWS_SECRET_ACCESS_KEY'),
    },
  });
}
