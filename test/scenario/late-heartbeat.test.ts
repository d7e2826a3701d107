import assert from 'node:assert/strict';
import { test } from 'node:test';
import { timing } from '#shared/contract/timing.ts';
import { agentApiName } from '#test/sim/sim-member.ts';
import { Stage } from '#test/sim/stage.ts';

// A lease counts from the moment the heartbeat was sent. If it counted from the answer, the time
// both took on their way would be missing from the distance between fence and takeover.
test('a heartbeat answered late: the lease counts from when it was sent', async () => {
  const stage = await Stage.set({ members: 1, clients: 1, latencyMs: 700 });
  const member = stage.member(1);
  await stage.pass(10_000);
  stage.world.setCut(member.name, agentApiName, 'there', true);
  await stage.pass(1_500); // what was on its way has arrived, and its answer
  await stage.until(() => (stage.holdsLease(member) ? 'still held' : ''), 6_000);
  const marginMs = Number(stage.state(member)['leaseExpiresMs']) - stage.world.controlNowMs;
  const travelMs = 350; // at least
  assert.ok(marginMs >= timing.leaseTtlMs - timing.fenceAfterMs + travelMs - 50, `${marginMs} ms`);
});
