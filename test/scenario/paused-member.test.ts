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

// Stopped when it was alone: it knows of nobody it could ask, and everybody asked it in vain.
for (const outage of [false, true]) {
  test(`a member that knew nobody wakes up after the takeover, outage: ${outage}`, async () => {
    const stage = await Stage.set({ members: 1, clients: 2 });
    await stage.connect(stage.client(1));
    const old = stage.host();
    const { process } = stage.running(old);
    process.stop();
    const other = stage.world.addMember();
    other.start();
    await stage.connect(stage.client(2), 60_000);
    assert.equal(stage.host(), other);
    await stage.pass(10_000);
    stage.world.controlPlane.away = outage;
    await stage.pass(outage ? 10_000 : 0);

    const forwarded = stage.forwarded(old);
    process.goOn();
    for (let passedMs = 0; passedMs < 30_000; passedMs += 50) {
      await stage.pass(50);
      const isBack = stage.running(old).agent.running.length === 0;
      assert(isBack || !stage.mayServe(old), `it serves after ${passedMs} ms`);
    }
    assert.equal(stage.forwarded(old) > forwarded, false);
    assert(stage.mayServe(other), 'nobody else noticed');
  });
}
