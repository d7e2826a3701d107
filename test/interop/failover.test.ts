import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { GenuineClient } from '#test/netns/genuine-client.ts';
import type { MemberState } from '#test/support/cluster-process.ts';
import { type Caller, frameLimitMs, Stage } from './stage.ts';

let stage: Stage;
before(async () => {
  stage = await Stage.raise('effail');
});
after(() => stage?.lower());

/**
 * What ends, how, and when both must be back: measured 7, 10.3 and 6 s, most of it the clients' own
 * waiting (`npm run bench:failover`); a genuine cluster takes 26 s and then carries no frame.
 */
const cases = [
  { victim: 'agent', signal: 'SIGKILL', hub: 'RESTARTED', limitMs: 15_000 },
  { victim: 'member', signal: 'SIGKILL', hub: 'KILLED', limitMs: 20_000 },
  { victim: 'member', signal: 'SIGTERM', hub: 'DRAINED', limitMs: 10_000 },
] as const;

for (const { victim, signal, hub, limitMs } of cases) {
  test(`${signal} to the hosting ${victim}: both clients are back, and frames flow`, async (t) => {
    await stage.createHub(hub, 'dynamic');
    const callers = ['alice', 'bob'].map(
      (user): Caller => ({
        hub,
        user,
        credential: { kind: 'password', password: `pw-${user}` },
        maxConnections: 2,
      }),
    );
    for (const caller of callers) await stage.createUser(caller);
    const [first, second] = (await stage.connected(...callers)) as [GenuineClient, GenuineClient];
    await first.reaches(second.tapAddress, frameLimitMs);
    const before = await first.serverAddress();
    const member = stage.cluster.members().find(({ address }) => address === before);
    assert.ok(member, `no member has the address ${before}`);
    const pid = victim === 'agent' ? member.agentPid : member.pid;
    assert.ok(pid, `${before} has no ${victim}`);
    const pings = first.pingLog(second.tapAddress);
    const lastReplyMs = await pings.repliesAfter(0, frameLimitMs);

    const endedMs = Date.now();
    process.kill(pid, signal);
    const backs = [];
    for (const client of [first, second]) backs.push(await client.returned(endedMs, limitMs));
    const backMs = Math.max(...backs);
    // Debian 5.01 can be "established" and yet damaged (protocol/04 §4): only replies prove it.
    await pings.repliesAfter(backMs, frameLimitMs);
    await pings.repliesAfter(Date.now() + 3_000, frameLimitMs);
    pings.stop();

    const servers = [await first.serverAddress(), await second.serverAddress()];
    assert.equal(servers[0], servers[1], 'both on one member');
    if (victim === 'member') assert.notEqual(servers[0], before, 'on another member');
    else assert.ok(hasNewAgent(member), 'the same machine runs another agent');
    const silence = seconds(pings.longestSilenceMs(lastReplyMs));
    t.diagnostic(`${signal}: back after ${seconds(backMs - endedMs)}, no frames for ${silence}`);
    for (const client of [first, second]) await client.kill();
  });
}

function hasNewAgent({ id, pid, agentPid }: MemberState): boolean {
  const now = stage.cluster.members().find((member) => member.id === id);
  return now?.pid === pid && now.agentPid !== agentPid;
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`;
}
