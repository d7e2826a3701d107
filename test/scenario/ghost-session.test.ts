import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Stage } from '#test/sim/stage.ts';
import { Holding } from './holding.ts';

const endings = {
  'its client leaves': (stage: Stage) => stage.client(1).leave(),
  'its hub is deleted': (stage: Stage) => void stage.world.administrator.removeHub('dyn-1'),
} as const;

for (const [how, end] of Object.entries(endings)) {
  test(`a heartbeat stalls before it lists a session, and ${how}: no ghost`, async () => {
    const holding = new Holding(({ sk }) => sk.startsWith('SESSION#'));
    const stage = await Stage.set({
      members: 1,
      clients: 1,
      engine: (table) => holding.over(table),
    });
    const listed = () => stage.world.invariants.sessions.length;
    await stage.connect(stage.client(1));
    await stage.until(() => (holding.held === 1 ? '' : 'a heartbeat that stalls'), 3_000);
    await stage.until(() => (listed() === 1 ? '' : 'the heartbeat was repeated'), 5_000);
    end(stage);
    await stage.until(() => (listed() === 0 ? '' : 'the end was told'), 12_000);
    await stage.pass(4_000); // so it was by the member, too
    holding.letGo();
    await stage.pass(5_000);
    assert.equal(listed(), 0);
  });
}
