import assert from 'node:assert/strict';
import { beforeEach, describe, test } from 'node:test';
import { answerPeriodsMax, Heartbeat } from '#node-agent/control/heartbeat.ts';
import { Lease } from '#node-agent/control/lease.ts';
import { Reports } from '#node-agent/control/reports.ts';
import type { Desired } from '#shared/contract/heartbeat.ts';
import { timing } from '#shared/contract/timing.ts';
import { ManualTime } from '#test/node-agent/dial/manual-time.ts';
import { active, away, problem, ScriptedApi } from './scripted-api.ts';

const nudgeMs = 200;
const overtaken: Desired = { state: 'active', orders: [], late: true };

let time: ManualTime;
let api: ScriptedApi;
let lease: Lease;
let reports: Reports;
let heartbeat: Heartbeat;
let heard: string[];

beforeEach(() => {
  time = new ManualTime();
  api = new ScriptedApi();
  lease = new Lease();
  reports = new Reports();
  heard = [];
  heartbeat = new Heartbeat({
    api,
    clock: time,
    timers: time,
    lease,
    reports,
    nudgeMs,
    observe: () => ({ state: 'active', sessions: 0, connections: 0, hubs: 0 }),
    onDesired: (desired) => heard.push(desired.state),
    onProblem: (it) => heard.push(it.kind),
    onUnreachable: (detail) => heard.push(detail),
  });
  heartbeat.start(4, timing);
  time.advance(0);
});

const sent = (): number[] => api.heartbeats.map(({ body }) => body.seq);

describe('heartbeats', () => {
  test('begin at once, one a period, numbered, each listened to for some periods', async () => {
    assert.deepEqual(sent(), [1]);
    assert.equal(api.lastHeartbeat.body.epoch, 4);
    assert.equal(api.lastHeartbeat.deadlineMs, answerPeriodsMax * timing.heartbeatEveryMs);
    await api.lastHeartbeat.answer(active);
    time.advance(timing.heartbeatEveryMs - 1);
    assert.deepEqual(sent(), [1]);
    time.advance(1);
    assert.deepEqual(sent(), [1, 2]);
  });

  test('hurried: the one on its way is given up, whatever becomes of it', async () => {
    time.advance(nudgeMs);
    heartbeat.hurry();
    time.advance(0);
    assert.deepEqual(sent(), [1, 2]);
    await api.heartbeats[0]?.answer(active);
    assert.deepEqual(heard, [], 'nobody listens any more');
    heartbeat.hurry();
    time.advance(nudgeMs - 1);
    assert.deepEqual(sent(), [1, 2], 'just sent: it may be answered yet');
    await api.lastHeartbeat.answer(active);
    assert.deepEqual(heard, ['active']);
    time.advance(timing.heartbeatEveryMs);
    assert.deepEqual(sent(), [1, 2, 3], 'and goes on as ever');
  });

  test('while one can still be answered in time no other is sent, whoever nudges', () => {
    time.advance(timing.heartbeatEveryMs / 2);
    heartbeat.nudge();
    time.advance(timing.heartbeatEveryMs / 2 - 1);
    assert.deepEqual(sent(), [1]);
  });

  test('an answer later than the next heartbeat counts', async () => {
    reports.done('order-1');
    await api.lastHeartbeat.answer(active);
    time.advance(timing.heartbeatEveryMs);
    const sentMs = time.monotonicMs();
    time.advance(timing.heartbeatEveryMs);
    time.advance(timing.heartbeatEveryMs);
    assert.deepEqual(sent(), [1, 2, 3, 4]);
    await api.heartbeats[1]?.answer(active);
    assert.deepEqual(heard.filter((what) => what === 'active').length, 2);
    assert.equal(lease.held(sentMs + timing.fenceAfterMs - 1), true);
    time.advance(timing.heartbeatEveryMs);
    assert.deepEqual(api.lastHeartbeat.body.done, [], 'its lists are acknowledged');
  });

  test('lists left to a later heartbeat are told until that one is answered', async () => {
    reports.done('order-1');
    await api.lastHeartbeat.answer(active);
    time.advance(2 * timing.heartbeatEveryMs); // the second is sent, then the third
    await api.heartbeats[1]?.answer({ kind: 'ok', value: overtaken });
    time.advance(timing.heartbeatEveryMs);
    assert.deepEqual(api.lastHeartbeat.body.done, ['order-1']);
  });

  test('an answer that was overtaken by a later one is not heard', async () => {
    time.advance(timing.heartbeatEveryMs);
    assert.deepEqual(sent(), [1, 2]);
    await api.lastHeartbeat.answer(active);
    await api.heartbeats[0]?.answer(problem('unavailable'));
    assert.deepEqual(heard, ['no answer within a period', 'active']);
  });

  test('an answer renews the lease from the moment of sending', async () => {
    const sentMs = time.monotonicMs();
    time.advance(1_500);
    assert.equal(lease.held(time.monotonicMs()), false);
    await api.lastHeartbeat.answer(active);
    assert.equal(lease.held(sentMs + timing.fenceAfterMs - 1), true);
    assert.equal(lease.held(sentMs + timing.fenceAfterMs), false);
  });

  test('one without answer renews nothing; the next goes out at once with its lists', async () => {
    reports.done('order-1');
    await api.lastHeartbeat.answer(active);
    time.advance(timing.heartbeatEveryMs);
    time.advance(timing.heartbeatEveryMs);
    await api.heartbeats[1]?.answer(away);
    assert.deepEqual(sent(), [1, 2, 3]);
    assert.deepEqual(
      api.heartbeats.map(({ body }) => body.done),
      [[], ['order-1'], ['order-1']],
    );
    await api.lastHeartbeat.answer(active);
    time.advance(timing.heartbeatEveryMs);
    assert.deepEqual(api.lastHeartbeat.body.done, []);
    assert.deepEqual(heard, ['active', 'no answer within a period', 'active'], 'said once');
  });

  test('one lost heartbeat does not fence', async () => {
    await api.lastHeartbeat.answer(active);
    time.advance(timing.heartbeatEveryMs); // the second is sent, and lost
    time.advance(timing.heartbeatEveryMs);
    assert.deepEqual(sent(), [1, 2, 3]);
    assert.equal(lease.held(time.monotonicMs()), true);
  });

  test('a nudge does not wait for the period, yet keeps its distance', async () => {
    await api.lastHeartbeat.answer(active);
    heartbeat.nudge();
    heartbeat.nudge();
    time.advance(nudgeMs - 1);
    assert.deepEqual(sent(), [1]);
    time.advance(1);
    assert.deepEqual(sent(), [1, 2]);
  });

  test('a nudge while one is on its way brings the next one forward', async () => {
    heartbeat.nudge();
    await api.lastHeartbeat.answer(active);
    time.advance(nudgeMs);
    assert.deepEqual(sent(), [1, 2]);
  });

  test('a problem is handed on and renews nothing', async () => {
    await api.lastHeartbeat.answer(problem('stale-epoch'));
    assert.deepEqual(heard, ['stale-epoch']);
    assert.equal(lease.held(time.monotonicMs()), false);
  });

  test('an answer to an epoch that is over changes nothing', async () => {
    const old = api.lastHeartbeat;
    heartbeat.start(5, timing);
    time.advance(0);
    await old.answer(active);
    assert.deepEqual(heard, []);
    assert.equal(lease.held(time.monotonicMs()), false);
    assert.deepEqual([api.lastHeartbeat.body.epoch, api.lastHeartbeat.body.seq], [5, 1]);
  });

  test('after a stop nothing is sent and nothing heard', async () => {
    heartbeat.stop();
    await api.lastHeartbeat.answer(active);
    heartbeat.nudge();
    time.advance(60_000);
    assert.deepEqual([sent(), heard], [[1], []]);
    assert.equal(time.waiting, 0);
  });
});
