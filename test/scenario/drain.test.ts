import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Stage } from '#test/sim/stage.ts';

for (const cause of ['the control plane', 'SIGTERM'] as const) {
  test(`a drain by ${cause} while a client is between redirect and redeem`, async () => {
    const stage = await Stage.set({ members: 2, clients: 2 });
    await stage.connect(stage.client(1));
    await stage.pass(5_000); // its reservation is a session by now
    const draining = stage.host();
    const [late, early] = [stage.client(2), stage.client(1)];
    stage.world.setCut(late.name, draining.name, 'both', true);
    late.start();
    await stage.pass(300); // it has its ticket and does not get through
    assert.equal(stage.state(draining)['reserved'], 1);

    if (cause === 'SIGTERM') void stage.running(draining).agent.drain(cause);
    else await Promise.race([stage.world.beginDrain(draining), stage.pass(100)]);
    stage.world.setCut(late.name, draining.name, 'both', false);
    const elsewhere = (): boolean => stage.host() !== draining;
    await stage.until(
      () => (late.session && early.session && elsewhere() ? '' : `away: ${late.trouble}`),
      20_000,
    );
    await stage.until(
      () => (stage.state(draining)['state'] === 'drained' ? '' : 'drained'),
      10_000,
    );
    assert.equal(stage.placement()['epoch'], 3, 'released once, claimed once');
  });
}
