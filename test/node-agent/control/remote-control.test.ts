import assert from 'node:assert/strict';
import { beforeEach, describe, test } from 'node:test';
import { ControlHost } from '#node-agent/control/control-host.ts';
import type { FromControl, ToControl } from '#node-agent/control/control-messages.ts';
import { ExclusiveRight, rightBytes } from '#node-agent/control/exclusive-right.ts';
import { Pulse, pulseBytes } from '#node-agent/control/pulse.ts';
import { RemoteControl } from '#node-agent/control/remote-control.ts';
import { Reports } from '#node-agent/control/reports.ts';
import { controlLimits } from '#node-agent/limits.ts';
import type { JoinRequest } from '#shared/contract/member.ts';
import { timing } from '#shared/contract/timing.ts';
import { silentLog } from '#shared/kernel/log.ts';
import { sessionReport } from '#test/functions/test-member.ts';
import { ManualTime } from '#test/node-agent/dial/manual-time.ts';
import { active, problem, ScriptedApi } from './scripted-api.ts';

const random = { bytes: (size: number) => Buffer.alloc(size), fraction: () => 0.5 };

/** Two threads in one: what one posts the other hears later, in order, when it is let. */
let toControl: ToControl[];
let fromControl: FromControl[];
let time: ManualTime;
let api: ScriptedApi;
let reports: Reports;
let right: ExclusiveRight;
let remote: RemoteControl;
let events: string[];
let sessions: number;
let hearControl: (message: FromControl) => void;
let hearRemote: (message: ToControl) => void;

/** The data plane's thread gets its turn. */
function turn(): void {
  for (const message of fromControl.splice(0)) hearControl(message);
  flush();
}

/** Control's thread always gets its turn. */
function flush(): void {
  for (const message of toControl.splice(0)) hearRemote(structuredClone(message));
}

beforeEach(async () => {
  [toControl, fromControl, events, sessions] = [[], [], [], 0];
  time = new ManualTime();
  api = new ScriptedApi();
  reports = new Reports();
  const memory = new SharedArrayBuffer(rightBytes);
  const beat = new SharedArrayBuffer(pulseBytes);
  right = new ExclusiveRight(memory);
  new ControlHost({
    api,
    clock: time,
    timers: time,
    random,
    log: silentLog,
    limits: controlLimits,
    right: new ExclusiveRight(memory),
    link: {
      post: (message) => fromControl.push(structuredClone(message)),
      listen: (hear) => {
        hearRemote = hear;
      },
    },
    pulse: new Pulse(beat),
    ...controlLimits,
    onStuck: () => events.push('stuck'),
  });
  remote = new RemoteControl({
    reports,
    timers: time,
    right,
    joinRequest: () => ({ address: '192.0.2.1' }) as JoinRequest,
    observe: () => ({ state: 'active', sessions, connections: 0, hubs: 0 }),
    onJoined: (epoch) => {
      reports.restart([]);
      events.push(`joined ${epoch}`);
    },
    onDesired: (desired) => events.push(desired.state),
    onEpochOver: () => events.push(`over, served: ${right.held(time.monotonicMs())}`),
    onTerminated: () => events.push('terminated'),
    link: {
      post: (message) => toControl.push(message),
      listen: (hear) => {
        hearControl = hear;
      },
    },
    pulse: new Pulse(beat),
    pulseEveryMs: controlLimits.pulseEveryMs,
  });
  await remote.start();
  flush();
  await settle();
});

async function settle(): Promise<void> {
  for (let i = 0; i < 10; i += 1) await Promise.resolve();
}

async function join(epoch: number): Promise<void> {
  await api.lastJoin.answer({ kind: 'ok', value: { memberId: 'i-1', epoch, timing } });
  await settle();
  time.advance(0);
}

/** Time in which both threads run. */
function live(durationMs: number): void {
  for (let passed = 0; passed < durationMs; passed += controlLimits.pulseEveryMs) {
    time.advance(controlLimits.pulseEveryMs);
    turn();
  }
}

describe('control in another thread', () => {
  test('heartbeats say what the data plane last said', async () => {
    await join(4);
    turn();
    await api.lastHeartbeat.answer(active);
    sessions = 7;
    reports.opened(sessionReport('OFFICE', 'S', 'alice'));
    live(timing.heartbeatEveryMs);
    assert.equal(api.lastHeartbeat.body.sessions, 7);
    assert.deepEqual(
      api.lastHeartbeat.body.opened.map(({ name }) => name),
      ['S'],
    );
    await api.lastHeartbeat.answer(active);
    turn();
    assert.equal(reports.pending, 0, 'what was answered is not told again');
    live(timing.heartbeatEveryMs);
    assert.deepEqual(api.lastHeartbeat.body.opened, []);
    assert.deepEqual(events, ['joined 4', 'active', 'active']);
  });

  test('goes on while the data plane is busy, and the right needs no message', async () => {
    await join(4);
    turn();
    await api.lastHeartbeat.answer(active);
    sessions = 7; // it has not come round to saying so
    const before = api.heartbeats.length;
    fromControl.length = 0;
    time.advance(timing.heartbeatEveryMs);
    assert.equal(api.heartbeats.length, before + 1);
    await api.lastHeartbeat.answer(active);
    time.advance(timing.fenceAfterMs - 1);
    assert.equal(right.held(time.monotonicMs()), true);
  });

  test('reports told twice, because an answer was overtaken by news, end once', async () => {
    await join(4);
    turn();
    await api.lastHeartbeat.answer(active);
    reports.opened(sessionReport('OFFICE', 'S', 'alice'));
    live(timing.heartbeatEveryMs);
    reports.opened(sessionReport('OFFICE', 'T', 'alice'));
    live(controlLimits.pulseEveryMs);
    await api.lastHeartbeat.answer(active);
    turn();
    assert.equal(reports.pending, 1, 'the first one was acknowledged, the second was not');
  });

  test('a data plane that stops moving loses its lease, and gets it back', async () => {
    await join(4);
    turn();
    await api.lastHeartbeat.answer(active);
    live(timing.heartbeatEveryMs);
    await api.lastHeartbeat.answer(active);
    remoteStops();
    for (let passed = 0; passed < 6 * timing.heartbeatEveryMs; passed += 100) {
      time.advance(100);
      await settle();
      if (api.lastHeartbeat.body.seq > 2) await api.lastHeartbeat.answer(active);
    }
    const { seq } = api.lastHeartbeat.body;
    time.advance(4 * timing.heartbeatEveryMs);
    await settle();
    assert.equal(api.lastHeartbeat.body.seq, seq, 'no heartbeat for a data plane that stands');
    assert.equal(right.held(time.monotonicMs()), false);
    await remote.start();
    for (let passed = 0; passed < timing.heartbeatEveryMs; passed += 100) {
      time.advance(100);
      await settle();
    }
    assert(api.lastHeartbeat.body.seq > seq);
  });

  test('a data plane that stands for good: its process is to end', async () => {
    await join(4);
    turn();
    remoteStops();
    const { stallMs, stallMsMax } = controlLimits;
    time.advance(stallMsMax - 1);
    assert(!events.includes('stuck'));
    time.advance(stallMs + 2 * controlLimits.pulseEveryMs);
    assert(events.includes('stuck'));
  });

  test('an epoch that is over serves nothing, though control has the next already', async () => {
    await join(4);
    turn();
    await api.lastHeartbeat.answer(active);
    assert.equal(right.held(time.monotonicMs()), true);
    live(timing.heartbeatEveryMs);
    await api.lastHeartbeat.answer(problem('stale-epoch'));
    await settle();
    await join(5);
    await api.lastHeartbeat.answer(active);
    assert.equal(right.held(time.monotonicMs()), false, 'the data plane still has the old hubs');
    turn();
    assert.equal(right.held(time.monotonicMs()), true, 'it has given them up');
    assert.equal(remote.epoch, 5);
    assert.deepEqual(events.slice(-3), ['over, served: false', 'joined 5', 'active']);
  });

  test('lists of the last epoch are not told in the next', async () => {
    await join(4);
    turn();
    await api.lastHeartbeat.answer(active);
    reports.closed({ hub: 'OFFICE', name: 'S' });
    live(timing.heartbeatEveryMs);
    assert.equal(api.lastHeartbeat.body.closed.length, 1);
    await api.lastHeartbeat.answer(problem('stale-epoch'));
    await settle();
    await join(5);
    assert.deepEqual(api.lastHeartbeat.body.closed, []);
  });

  /** Its timers do not come round any more; those of control do. */
  function remoteStops(): void {
    remote.stop();
    toControl.length = 0;
  }
});
