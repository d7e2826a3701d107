import assert from 'node:assert/strict';
import { test } from 'node:test';
import { timing } from '#shared/contract/timing.ts';
import { Stage } from '#test/sim/stage.ts';

test('each answer comes after the next heartbeat: who is to drain drains', async () => {
  const stage = await Stage.set({ members: 2, clients: 1, hub: 'static' });
  await stage.connect(stage.client(1));
  await stage.pass(5_000);
  const host = stage.world.members.find((member) => stage.state(member)['sessions'] === 1);
  assert(host);
  const { server } = stage.world.controlPlane;
  // Reading, writing and the list of peers: three calls and more for a heartbeat.
  server.faults = { ...server.faults, latencyMs: timing.heartbeatEveryMs / 2 };
  await Promise.race([stage.world.beginDrain(host), stage.pass(5_000)]);
  await stage.until(
    () => (stage.state(host)['state'] === 'drained' ? '' : 'is to be drained'),
    30_000,
  );
});
