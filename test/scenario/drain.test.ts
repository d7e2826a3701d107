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

test('a heartbeat from before the first session comes after the drain began', async () => {
  const stage = await Stage.set({ members: 2, clients: 1 });
  await stage.connect(stage.client(1));
  const host = stage.host();
  assert.equal(stage.state(host)['sessions'], 0, 'its session is not told yet');
  await Promise.race([stage.world.beginDrain(host), stage.pass(100)]);
  const early = {
    ...{ epoch: 1, seq: Number(stage.state(host)['seq']) + 1, state: 'active' },
    ...{ sessions: 0, connections: 0, hubs: 0, opened: [], closed: [], released: [], done: [] },
  };
  void stage.world.controlPlane.agentApi('heartbeat', host.name, JSON.stringify(early));
  await stage.pass(500);
  assert.equal(stage.state(host)['state'], 'draining');
  const elsewhere = (): boolean => stage.client(1).session !== undefined && stage.host() !== host;
  await stage.until(() => (elsewhere() ? '' : 'moves'), 20_000);
});
