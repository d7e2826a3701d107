import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import type { GenuineClient } from '#test/netns/genuine-client.ts';
import type { PingLog } from '#test/netns/ping-log.ts';
import type { MemberState } from '#test/support/cluster-process.ts';
import { eventually } from '#test/support/eventually.ts';
import { GroupOperator } from '#test/support/operator.ts';
import { type Caller, frameLimitMs, Stage } from './stage.ts';

/** Each on a member of its own, with clients that talk to each other. */
const hubs = ['NORTH', 'SOUTH', 'WEST'] as const;
/** What the clients are set to, and the shortest SoftEther has. */
const retryMs = 5_000;
/** A login at the front door, one at the member, and the first frames, on a busy machine. */
const loginMarginMs = 4_000;
/** Of those whose member stays: a few pings may be late on a busy machine, no more. */
const undisturbedMs = 2_000;
/** A drain takes a second or two and the clients' three to hear error 13; then two looks. */
const emptiedLimitMs = 40_000;

interface Pair {
  readonly hub: string;
  readonly clients: readonly [GenuineClient, GenuineClient];
  readonly pings: PingLog;
  readonly address: string | undefined;
}

let stage: Stage;
let operator: GroupOperator;

before(async () => {
  stage = await Stage.raise('efscale');
  const environment = join(stage.host.folder, 'cluster', 'data', 'operator.env');
  operator = await GroupOperator.of(environment, (target) => stage.host.relay(target));
});
after(async () => {
  operator?.client.destroy();
  await stage?.lower();
});

async function pairOn(hub: string): Promise<Pair> {
  await stage.createHub(hub, 'dynamic');
  const callers = ['alice', 'bob'].map((user): Caller => {
    const credential = { kind: 'password', password: `pw-${user}` } as const;
    return { hub, user, credential, maxConnections: 2 };
  });
  for (const caller of callers) await stage.createUser(caller);
  const clients = (await stage.connected(...callers)) as [GenuineClient, GenuineClient];
  const [first, second] = clients;
  await first.reaches(second.tapAddress, frameLimitMs);
  const pings = first.pingLog(second.tapAddress);
  return { hub, clients, pings, address: await first.serverAddress() };
}

test('a scale-in: nobody is without frames for longer than the retry', async (t) => {
  const pairs: Pair[] = [];
  for (const hub of hubs) pairs.push(await pairOn(hub));
  const before = stage.cluster.members();
  assert.equal(new Set(pairs.map(({ address }) => address)).size, 3, 'a hub on each member');
  for (const { pings } of pairs) await pings.repliesAfter(0, frameLimitMs);

  const beganMs = Date.now();
  await operator.resize(2);
  const isThere = ({ id }: MemberState): boolean =>
    stage.cluster.members().some((member) => member.id === id);
  await eventually(
    () => (before.every(isThere) ? 'all members are still there' : undefined),
    emptiedLimitMs,
  );
  const goneMs = Date.now();
  const gone = before.find((member) => !isThere(member));
  assert(gone);

  // Debian 5.01 can be "established" and yet damaged (protocol/04 §4): only replies prove it.
  for (const { pings } of pairs) await pings.repliesAfter(goneMs + 2_000, frameLimitMs);
  for (const { pings } of pairs) pings.stop();
  for (const { hub, clients, pings, address } of pairs) {
    const isMoved: boolean = address === gone.address;
    const silentMs = pings.longestSilenceMs(beganMs - 1_000);
    t.diagnostic(`${hub}, ${isMoved ? 'drained' : 'stays'}: no frames for ${seconds(silentMs)}`);
    assert(silentMs < (isMoved ? retryMs + loginMarginMs : undisturbedMs), `${silentMs} ms`);
    for (const client of clients) {
      const { establishedCount } = await client.status();
      assert.equal(establishedCount, isMoved ? 2 : 1, `${client.host.name} of ${hub}`);
      assert.equal((await client.serverAddress()) === gone.address, false);
    }
  }
  t.diagnostic(`its machine went after ${seconds(goneMs - beganMs)}`);
  assertEmptied(gone.id);
});

/** Its sessions were closed in order, and its machine was let go because it was empty. */
function assertEmptied(memberId: string): void {
  const lines = stage.cluster.logs().split('\n');
  const released = lines.filter((line) => line.includes('"machine.released"'));
  assert.equal(released.length, 1);
  assert.match(released[0] ?? '', new RegExp(`"${memberId}".*"reason":"drained"`));
  const ends = lines.filter((line) => line.includes('"session.closed"'));
  assert.deepEqual(
    ends.map((line) => /"reason":"([^"]*)"/.exec(line)?.[1]),
    ['drain', 'drain'],
  );
  assert(lines.some((line) => /"drain\.ended".*"onTime":true/.test(line)));
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`;
}
