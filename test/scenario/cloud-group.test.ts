import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import {
  DescribeInstanceRefreshesCommand,
  type RefreshPreferences,
  StartInstanceRefreshCommand,
} from '@aws-sdk/client-auto-scaling';
import type { ReconnectingSession } from '#node-agent/dial/reconnecting.ts';
import { synthesized } from '#test/cdk/template.ts';
import { eventually } from '#test/support/eventually.ts';
import { GroupOperator } from '#test/support/operator.ts';
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
  let operator: GroupOperator;

  before(async () => {
    await cloud.start();
    operator = await GroupOperator.of(join(folder, 'data', 'operator.env'));
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
    operator.client.destroy();
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
  /** The control plane has heard of all sessions there are. */
  const allTold = (): Promise<void> =>
    eventually(async () => {
      const { FarmMemberList } = await cloud.rpc('EnumFarmMember');
      const told = (FarmMemberList as readonly { NumSessions_u32: number }[]).reduce(
        (sum, member) => sum + member.NumSessions_u32,
        0,
      );
      return told === sessions.length ? undefined : `${told} of ${sessions.length} are told`;
    }, 20_000);
  const countAt = (port: number): number =>
    sessions.filter((session) => session.session?.member.port === port).length;

  test('instance refresh over three members loses none of 12 sessions', async (context) => {
    await connect('fixed', users.slice(0, 8));
    await connect('moving', users.slice(8));
    const former = cloud.state().members.map(({ id }) => id);
    const watch = new Watch(sessions);
    const { client, groupName: AutoScalingGroupName } = operator;
    const Preferences = { ...(await templatePreferences()), InstanceWarmup: 0 };
    await client.send(new StartInstanceRefreshCommand({ AutoScalingGroupName, Preferences }));
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
    await operator.resize(4);
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

  test('scale-in drains the emptiest: nobody is away longer than the retry', async (context) => {
    const fewest = Math.min(...cloud.state().members.map(({ port }) => countAt(port)));
    await allTold();
    await operator.inService(4, 20_000);
    const watch = new Watch(sessions);
    const before = new Map(sessions.map((session) => [session, session.sessions]));
    const at = new Map(sessions.map((session) => [session, session.session?.member.port]));
    await operator.resize(3);
    await cloud.membersActive(3, 90_000);
    await allConnected(absentMsMax);
    watch.end();
    context.diagnostic(`away for at most ${Math.round(watch.longestMs)} ms`);
    assert(watch.longestMs < absentMsMax, `${watch.longestMs} ms`);
    const ports = cloud.state().members.map(({ port }) => port);
    const moved = sessions.filter((session) => !ports.includes(at.get(session) ?? 0));
    assert.equal(moved.length, fewest);
    for (const session of sessions) {
      const stays = ports.includes(at.get(session) ?? 0);
      assert.equal(session.sessions, (before.get(session) ?? 0) + (stays ? 0 : 1));
    }
  });
});

/** As a deployment refreshes: one machine beyond the three at a time. */
async function templatePreferences(): Promise<RefreshPreferences> {
  const { only } = await synthesized();
  const { updatePolicy } = only('AWS::AutoScaling::AutoScalingGroup');
  const refresh = updatePolicy['AutoScalingInstanceRefresh'] as { Preferences: RefreshPreferences };
  const { MinHealthyPercentage, MaxHealthyPercentage } = refresh.Preferences;
  return { MinHealthyPercentage, MaxHealthyPercentage };
}

function isConnected(session: ReconnectingSession): boolean {
  return (session.session?.connections ?? 0) > 0;
}
