import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Stage } from '#test/sim/stage.ts';

test('a heartbeat that opened a session comes again after the drain: it stays closed', async () => {
  const stage = await Stage.set({ members: 2, clients: 1 });
  await stage.connect(stage.client(1));
  const host = stage.host();
  const sessions = () => stage.world.invariants.sessions;
  await stage.until(() => (sessions().length === 1 ? '' : 'listed'), 3_000);
  const [report] = sessions(); // what else the item has is not looked at
  const seq = Number(stage.state(host)['seq']);

  stage.client(1).leave();
  void stage.running(host).agent.drain('SIGTERM');
  await stage.until(() => (stage.state(host)['state'] === 'drained' ? '' : 'drained'), 15_000);
  const late = {
    ...{ epoch: 1, seq, state: 'active', sessions: 1, connections: 1, hubs: 1 },
    ...{ opened: [report], closed: [], released: [], done: [] },
  };
  void stage.world.controlPlane.agentApi('heartbeat', host.name, JSON.stringify(late));
  await stage.pass(1_000);
  assert.deepEqual(sessions(), []);
});
