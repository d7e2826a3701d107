import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Stage } from '#test/sim/stage.ts';

test('a paused member wakes up after the takeover and forwards nothing', async () => {
  const stage = await Stage.set({ members: 2, clients: 3 });
  await stage.connect(stage.client(1));
  await stage.connect(stage.client(2));
  const old = stage.host();
  const { process } = stage.running(old);
  process.stop();
  await stage.connect(stage.client(3), 30_000);
  assert.notEqual(stage.host(), old);

  const forwarded = stage.forwarded(old);
  process.goOn();
  await stage.pass(50); // what clients had sent meanwhile is read now
  assert.equal(stage.forwarded(old), forwarded);
  await stage.until(() => {
    const away = stage.world.clients.find(({ session }) => session === undefined);
    return away === undefined ? '' : `${away.name}: ${away.trouble}`;
  }, 40_000);
  await stage.until(() => (stage.mayServe(old) ? '' : 'joined anew'), 5_000);
  assert.equal(stage.running(old).agent.running.length, 0);
});
