import assert from 'node:assert/strict';
import { beforeEach, describe, test } from 'node:test';
import { Lease } from '#node-agent/control/lease.ts';
import { Membership } from '#node-agent/control/membership.ts';
import { Reports } from '#node-agent/control/reports.ts';
import type { JoinRequest, JoinResponse } from '#shared/contract/member.ts';
import { timing } from '#shared/contract/timing.ts';
import { silentLog } from '#shared/kernel/log.ts';
import { ManualTime } from '#test/node-agent/dial/manual-time.ts';
import { active, away, problem, ScriptedApi } from './scripted-api.ts';

const limits = { joinMs: 10_000, retryMsMin: 1_000, retryMsMax: 8_000, nudgeMs: 200 };
const joinRequest = { address: '192.0.2.1' } as JoinRequest;

let time: ManualTime;
let api: ScriptedApi;
let lease: Lease;
let membership: Membership;
let events: string[];

beforeEach(() => {
  time = new ManualTime();
  api = new ScriptedApi();
  lease = new Lease();
  events = [];
  membership = new Membership({
    api,
    clock: time,
    timers: time,
    random: { bytes: (size) => Buffer.alloc(size), fraction: () => 0.5 },
    log: silentLog,
    lease,
    reports: new Reports(),
    limits,
    joinRequest: () => joinRequest,
    observe: () => ({ state: 'active', sessions: 0, connections: 0, hubs: 0 }),
    onJoined: ({ epoch }) => events.push(`joined ${epoch}`),
    onDesired: (desired) => events.push(desired.state),
    onEpochOver: () => events.push(`over, lease held: ${lease.held(time.monotonicMs())}`),
    onTerminated: () => events.push('terminated'),
  });
  membership.start();
});

const joined = (epoch: number): { kind: 'ok'; value: JoinResponse } => ({
  kind: 'ok',
  value: { memberId: 'i-1', epoch, timing },
});

async function joinAt(epoch: number): Promise<void> {
  await api.lastJoin.answer(joined(epoch));
  time.advance(0);
}

describe('membership', () => {
  test('joins, then heartbeats at its epoch', async () => {
    assert.equal(membership.epoch, undefined);
    await joinAt(7);
    assert.equal(membership.epoch, 7);
    assert.equal(api.lastHeartbeat.body.epoch, 7);
    await api.lastHeartbeat.answer(active);
    assert.deepEqual(events, ['joined 7', 'active']);
  });

  test('tries to join for ever, at growing distances with a largest one', async () => {
    const distances: number[] = [];
    for (let attempt = 1; attempt <= 8; attempt++) {
      await api.lastJoin.answer(attempt % 2 === 0 ? away : problem('unavailable'));
      const sinceMs = time.monotonicMs();
      while (api.joins.length === attempt) time.advance(50);
      distances.push(time.monotonicMs() - sinceMs);
    }
    assert.deepEqual(distances, [750, 1_500, 3_000, 6_000, 6_000, 6_000, 6_000, 6_000]);
  });

  for (const kind of ['stale-epoch', 'not-joined'] as const) {
    test(`${kind}: the lease ends, exclusive hubs go, and it joins anew`, async () => {
      await joinAt(7);
      await api.lastHeartbeat.answer(active);
      time.advance(timing.heartbeatEveryMs);
      await api.lastHeartbeat.answer(problem(kind));
      assert.deepEqual(events.slice(2), ['over, lease held: false']);
      assert.equal(membership.epoch, undefined);
      assert.equal(api.joins.length, 2);
      await joinAt(8);
      assert.deepEqual([membership.epoch, api.lastHeartbeat.body.seq], [8, 1]);
    });
  }

  test('called lost in an answer: the same', async () => {
    await joinAt(7);
    await api.lastHeartbeat.answer({ kind: 'ok', value: { state: 'lost', orders: [] } });
    assert.deepEqual(events, ['joined 7', 'over, lease held: false']);
    assert.equal(api.joins.length, 2);
  });

  test('an epoch that is over before it began is not asked for in a loop', async () => {
    await joinAt(7);
    await api.lastHeartbeat.answer(problem('stale-epoch'));
    assert.equal(api.joins.length, 1);
    time.advance(limits.retryMsMax);
    assert.equal(api.joins.length, 2);
  });

  for (const kind of ['unavailable', 'invalid-request', 'not-a-member'] as const) {
    test(`${kind}: it carries on and asks again`, async () => {
      await joinAt(7);
      await api.lastHeartbeat.answer(problem(kind));
      time.advance(timing.heartbeatEveryMs);
      assert.deepEqual([events, api.heartbeats.length], [['joined 7'], 2]);
    });
  }

  test('terminated: it never comes back', async () => {
    await joinAt(7);
    await api.lastHeartbeat.answer(problem('terminated'));
    time.advance(60_000);
    assert.deepEqual(events, ['joined 7', 'over, lease held: false', 'terminated']);
    assert.equal(api.joins.length, 1);
    assert.equal(time.waiting, 0);
  });

  test('terminated while joining: the same', async () => {
    await api.lastJoin.answer(problem('terminated'));
    time.advance(60_000);
    assert.deepEqual([events, api.joins.length], [['terminated'], 1]);
  });

  test('an answer after the end is nobody’s', async () => {
    membership.stop();
    await api.lastJoin.answer(joined(7));
    assert.deepEqual([events, time.waiting], [[], 0]);
  });
});
