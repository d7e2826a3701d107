import assert from 'node:assert/strict';
import { test } from 'node:test';
import { admit } from '#functions/frontdoor/admission.ts';
import { callEveryMs } from '#functions/frontdoor/calling.ts';
import { CallStore } from '#functions/store/call-store.ts';
import { memberId } from '#shared/kernel/ids.ts';
import { errorCode } from '#shared/wire/error-code.ts';
import { MemoryTable } from '#test/support/memory-table.ts';
import { ControlPlane } from '../control-plane.ts';

interface Stage {
  readonly plane: ControlPlane;
  readonly calls: () => number;
  /** A login to a hub; how the front door answers it. */
  readonly knock: (kind: 'static' | 'dynamic') => Promise<string>;
}

async function stage(call = async (): Promise<'called'> => 'called'): Promise<Stage> {
  const table = new MemoryTable();
  const plane = new ControlPlane(table);
  const hubs = {
    static: await plane.createHub('STATIC', 'static'),
    dynamic: await plane.createHub('DYNAMIC', 'dynamic'),
  };
  let calls = 0;
  const caller = {
    call: () => {
      calls += 1;
      return call();
    },
  };
  const { clock, log, random, sealer, stores } = plane;
  const secrets = { sealer: async () => sealer, challengeKey: async () => plane.challengeKey };
  const calling = { calls: new CallStore(table), caller };
  const frontDoor = { stores, clock, random, log, secrets, calling };
  return {
    plane,
    calls: () => calls,
    knock: async (kind) => {
      const admission = await admit(frontDoor, hubs[kind]);
      if (admission.kind !== 'reject') return admission.kind;
      assert.equal(admission.code, errorCode.noMemberForHub, 'the retry is short');
      return admission.reason;
    },
  };
}

for (const kind of ['static', 'dynamic'] as const) {
  test(`a fleet of nobody: the first login to a ${kind} hub calls a member, once`, async () => {
    const { calls, knock, plane } = await stage();
    assert.equal(await knock(kind), 'no-member');
    assert.equal(await knock(kind), 'no-member');
    assert.equal(calls(), 1);
    plane.clock.advance(callEveryMs);
    await knock(kind);
    assert.equal(calls(), 2, 'nobody came: it is called again');
    await plane.startMember('i-a');
    plane.clock.advance(callEveryMs);
    await plane.startMember('i-a');
    assert.equal(await knock(kind), 'admitted');
    assert.equal(calls(), 2);
  });
}

test('a member that is full, or silent for a moment, is not nobody', async () => {
  const { calls, knock, plane } = await stage();
  await plane.startMember('i-a', { capacity: 1 });
  assert.equal(await knock('static'), 'admitted');
  assert.equal(await knock('static'), 'no-headroom');
  plane.clock.advance(60_000);
  assert.equal(await knock('static'), 'no-member');
  assert.equal(calls(), 0);
});

test('a fleet of which the last one is leaving is nobody', async () => {
  const { calls, knock, plane } = await stage();
  await plane.startMember('i-a');
  await plane.stores.members.beginDrain(memberId('i-a'), plane.clock.nowMs() + 60_000);
  await knock('static');
  assert.equal(calls(), 1);
});

test('a call that fails does not cost the client its answer', async () => {
  const { knock, plane } = await stage(async () => {
    throw new Error('AccessDenied');
  });
  assert.equal(await knock('static'), 'no-member');
  assert.match(String(plane.log.of('member.called')[0]?.['error']), /AccessDenied/);
});
