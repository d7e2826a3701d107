import assert from 'node:assert/strict';
import { beforeEach, describe, test } from 'node:test';
import { Agent, type AgentListener } from '#node-agent/agent.ts';
import { hubLimits } from '#node-agent/limits.ts';
import type { Door } from '#node-agent/listener/visit.ts';
import type { Session } from '#node-agent/session/session.ts';
import { encodeBatch } from '#node-agent/stream/frame-batch.ts';
import type { Grant } from '#shared/contract/ticket.ts';
import { timing } from '#shared/contract/timing.ts';
import type { Login } from '#shared/wire/login.ts';
import { defaultPolicy } from '#shared/wire/policy.ts';
import { broadcast, frame, mac } from '#test/support/frames.ts';
import { RecordingLog } from '#test/support/test-agent.ts';
import { active, away, ScriptedApi } from './control/scripted-api.ts';
import { ManualTime } from './dial/manual-time.ts';
import { TestWire } from './session/session-bench.ts';

const login = {
  hubName: 'HUB',
  userName: 'alice',
  credential: { kind: 'ticket', ticket: Buffer.alloc(20) },
  clientStr: 'test',
  maxConnection: 1,
  clientHostname: '',
  uniqueId: Buffer.alloc(0),
} as Partial<Login> as Login;

/** A paused machine: time passes and no timer runs. */
class PausableTime extends ManualTime {
  #pausedMs = 0;

  pause(ms: number): void {
    this.#pausedMs += ms;
  }

  override monotonicMs(): number {
    return super.monotonicMs() + this.#pausedMs;
  }
}

let time: PausableTime;
let api: ScriptedApi;
let log: RecordingLog;
let agent: Agent;
let door: Door;
let turn: (() => void)[];

beforeEach(async () => {
  time = new PausableTime();
  api = new ScriptedApi();
  log = new RecordingLog();
  turn = [];
  const listener: AgentListener = {
    sockets: 0,
    waiting: 0,
    port: 443,
    open: async () => undefined,
    close: async () => undefined,
    takeCauses: () => ({}),
  };
  agent = new Agent({
    config: { capacity: 10, weight: 100, listen: { address: '0.0.0.0', port: 443 } },
    publicAddress: '192.0.2.1',
    certificate: { keyPem: '', certPem: '', certDer: Buffer.alloc(1) },
    agentVersion: 'test',
    api,
    clock: time,
    timers: time,
    random: { bytes: (size) => Buffer.alloc(size, turn.length), fraction: () => 0.5 },
    atEndOfTurn: (action) => turn.push(action),
    log,
    onStopped: () => undefined,
    createListener: (options) => {
      door = options.door;
      return listener;
    },
  });
  await agent.start();
  await api.lastJoin.answer({ kind: 'ok', value: { memberId: 'i-1', epoch: 1, timing } });
  time.advance(0);
  await api.lastHeartbeat.answer(active);
});

async function enter(
  kind: 'static' | 'dynamic',
  name: string,
): Promise<{ session: Session; wire: TestWire }> {
  const outcome = door.login(login, { address: '192.0.2.9', isGone: () => false });
  const grant: Grant = {
    sessionName: name,
    user: 'alice',
    hub: { name: kind, kind, version: 1, online: true },
    placementEpoch: kind === 'dynamic' ? 1 : 0,
    policy: defaultPolicy,
    sessionTimeoutMs: 60_000,
    singleConnection: false,
    message: '',
  };
  await api.redeems.at(-1)?.answer({ kind: 'ok', value: grant });
  const admitted = await outcome;
  assert.ok(admitted.kind === 'admit', admitted.kind);
  const wire = new TestWire();
  const joined = admitted.session.join(wire);
  assert.ok(joined.kind === 'joined');
  return { session: admitted.session, wire };
}

/** Let a frame arrive on a connection of its own, and end the turn. */
function arrive(session: Session, text: string): void {
  const joined = session.join(new TestWire());
  assert.ok(joined.kind === 'joined');
  joined.connection.received(encodeBatch([frame(broadcast, mac(1), text)]));
  joined.connection.closed();
  for (const action of turn.splice(0)) action();
}

describe('the fence (I2)', () => {
  test('is asked at each batch: no timer runs, yet nothing passes after the lease', async () => {
    const alice = await enter('dynamic', 'SID-1');
    const bob = await enter('dynamic', 'SID-2');
    time.pause(timing.fenceAfterMs - 1);
    arrive(alice.session, 'in time');
    time.pause(1);
    arrive(alice.session, 'too late');
    assert.deepEqual(bob.wire.frames, ['in time']);
    assert.equal(agent.status.drops['fenced'], 1);
  });

  test('does not concern static hubs', async () => {
    const alice = await enter('static', 'SID-1');
    const bob = await enter('static', 'SID-2');
    time.pause(10 * timing.fenceAfterMs);
    arrive(alice.session, 'as ever');
    assert.deepEqual(bob.wire.frames, ['as ever']);
  });

  test('sessions of a hub that is fenced for long are sent where it may run', async () => {
    const dynamic = await enter('dynamic', 'SID-1');
    const fixed = await enter('static', 'SID-2');
    const fencedFor = async (ms: number): Promise<void> => {
      const untilMs = time.monotonicMs() + ms;
      while (time.monotonicMs() < untilMs) {
        time.advance(100);
        await api.lastHeartbeat.answer(away);
      }
    };
    await fencedFor(timing.fenceAfterMs + hubLimits.fencedCloseMs - 100);
    assert.equal(dynamic.session.isClosed, false);
    await fencedFor(hubLimits.sweepEveryMs + 200);
    assert.deepEqual([dynamic.session.isClosed, fixed.session.isClosed], [true, false]);
    assert.deepEqual(
      log.of('session.closed').map(({ reason }) => reason),
      ['hub-fenced'],
    );
  });

  test('a hub closed by a long fence is given back once the control plane answers', async () => {
    await enter('dynamic', 'SID-1');
    const untilMs =
      time.monotonicMs() +
      timing.fenceAfterMs +
      hubLimits.fencedCloseMs +
      hubLimits.sweepEveryMs +
      timing.heartbeatEveryMs;
    while (time.monotonicMs() < untilMs) {
      time.advance(100);
      await api.lastHeartbeat.answer(away);
    }
    assert.deepEqual(api.lastHeartbeat.body.released, [{ name: 'dynamic', epoch: 1 }]);
  });
});

describe('idle hubs', () => {
  test('a dynamic hub nobody uses for a minute is given back', async () => {
    const { session } = await enter('dynamic', 'SID-1');
    session.close('disconnected');
    const untilMs = time.monotonicMs() + hubLimits.idleReleaseMs + hubLimits.sweepEveryMs;
    while (time.monotonicMs() < untilMs) {
      time.advance(500);
      await api.lastHeartbeat.answer(active);
    }
    time.advance(timing.heartbeatEveryMs);
    const released = api.heartbeats.flatMap(({ body }) => body.released);
    assert.deepEqual(released, [{ name: 'dynamic', epoch: 1 }]);
    assert.equal(agent.status.hubs, 0);
  });
});
