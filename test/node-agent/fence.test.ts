import assert from 'node:assert/strict';
import { beforeEach, describe, test } from 'node:test';
import { hubLimits } from '#node-agent/limits.ts';
import { timing } from '#shared/contract/timing.ts';
import { broadcast, frame, mac } from '#test/support/frames.ts';
import { active, away } from './control/scripted-api.ts';
import { ManualTime } from './dial/manual-time.ts';
import { type Guest, ScriptedAgent } from './scripted-agent.ts';

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

let member: ScriptedAgent<PausableTime>;

beforeEach(async () => {
  member = await ScriptedAgent.joined(new PausableTime());
  await member.api.lastHeartbeat.answer(active);
});

function enter(kind: 'static' | 'dynamic', sessionName: string): Promise<Guest> {
  const hub = { name: kind, kind, version: 1, online: true };
  return member.enter({ sessionName, hub, placementEpoch: kind === 'dynamic' ? 1 : 0 });
}

function arrive(guest: Guest, text: string): void {
  member.arrive(guest, frame(broadcast, mac(1), text));
}

describe('the fence (I2)', () => {
  test('is asked at each batch: no timer runs, yet nothing passes after the lease', async () => {
    const alice = await enter('dynamic', 'SID-1');
    const bob = await enter('dynamic', 'SID-2');
    member.time.pause(timing.fenceAfterMs - 1);
    arrive(alice, 'in time');
    member.time.pause(1);
    arrive(alice, 'too late');
    assert.deepEqual(bob.heard, ['in time']);
    assert.equal(member.agent.status.drops['fenced'], 1);
  });

  test('does not concern static hubs', async () => {
    const alice = await enter('static', 'SID-1');
    const bob = await enter('static', 'SID-2');
    member.time.pause(10 * timing.fenceAfterMs);
    arrive(alice, 'as ever');
    assert.deepEqual(bob.heard, ['as ever']);
  });

  test('sessions of a hub that is fenced for long are sent where it may run', async () => {
    const dynamic = await enter('dynamic', 'SID-1');
    const fixed = await enter('static', 'SID-2');
    const fencedFor = async (ms: number): Promise<void> => {
      const untilMs = member.time.monotonicMs() + ms;
      while (member.time.monotonicMs() < untilMs) {
        member.time.advance(100);
        await member.api.lastHeartbeat.answer(away);
      }
    };
    await fencedFor(timing.fenceAfterMs + hubLimits.fencedCloseMs - 100);
    assert.equal(dynamic.session.isClosed, false);
    await fencedFor(hubLimits.sweepEveryMs + 200);
    assert.deepEqual([dynamic.session.isClosed, fixed.session.isClosed], [true, false]);
    assert.deepEqual(
      member.log.of('session.closed').map(({ reason }) => reason),
      ['hub-fenced'],
    );
  });

  test('a hub closed by a long fence is given back once the control plane answers', async () => {
    await enter('dynamic', 'SID-1');
    const untilMs =
      member.time.monotonicMs() +
      timing.fenceAfterMs +
      hubLimits.fencedCloseMs +
      hubLimits.sweepEveryMs +
      timing.heartbeatEveryMs;
    while (member.time.monotonicMs() < untilMs) {
      member.time.advance(100);
      await member.api.lastHeartbeat.answer(away);
    }
    assert.deepEqual(member.api.lastHeartbeat.body.released, [{ name: 'dynamic', epoch: 1 }]);
  });
});

describe('idle hubs', () => {
  test('a dynamic hub nobody uses for a minute is given back', async () => {
    const { session } = await enter('dynamic', 'SID-1');
    session.close('disconnected');
    const untilMs = member.time.monotonicMs() + hubLimits.idleReleaseMs + hubLimits.sweepEveryMs;
    while (member.time.monotonicMs() < untilMs) {
      member.time.advance(500);
      await member.api.lastHeartbeat.answer(active);
    }
    member.time.advance(timing.heartbeatEveryMs);
    const released = member.api.heartbeats.flatMap(({ body }) => body.released);
    assert.deepEqual(released, [{ name: 'dynamic', epoch: 1 }]);
    assert.equal(member.agent.status.hubs, 0);
  });
});
