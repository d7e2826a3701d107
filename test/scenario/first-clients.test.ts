import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Stage } from '#test/sim/stage.ts';

test('five first clients claim one dynamic hub: one wins, all follow it', async () => {
  const stage = await Stage.set({ members: 4, clients: 5 });
  const { clients } = stage.world;
  for (const client of clients) client.start();
  await stage.until(() => (clients.every(({ session }) => session) ? '' : 'a session'), 10_000);
  assert.equal(stage.placement()['epoch'], 1);
  const hosts = stage.world.members.filter((one) => stage.running(one).agent.running.length > 0);
  assert.deepEqual(hosts, [stage.host()]);
});
