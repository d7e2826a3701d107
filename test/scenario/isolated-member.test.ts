import assert from 'node:assert/strict';
import { test } from 'node:test';
import { agentApiName } from '#test/sim/sim-member.ts';
import { Stage } from '#test/sim/stage.ts';

// The host of a hub loses the control plane and keeps its clients. It must stop forwarding before
// anyone else can be given the hub, and its clients must find their way to the new host.
for (const ways of ['both', 'there', 'back'] as const) {
  test(`a member cut off from the control plane (${ways}) is fenced before takeover`, async () => {
    const stage = await Stage.set({ members: 2, clients: 2 });
    await stage.connect(stage.client(1));
    const old = stage.host();
    stage.world.setCut(old.name, agentApiName, ways, true);
    await stage.until(() => (stage.mayServe(old) ? 'still served' : ''), 6_100);
    assert.equal(stage.placement()['epoch'], 1, 'fenced, and nobody has claimed the hub yet');

    const forwarded = stage.forwarded(old);
    const limitMs = ways === 'back' ? 60_000 : 20_000;
    if (ways === 'back') stage.world.setCut(old.name, agentApiName, 'there', true);
    await stage.connect(stage.client(2), limitMs);
    assert.notEqual(stage.host(), old);
    assert.equal(stage.forwarded(old), forwarded, 'a fenced member forwards nothing');
    await stage.until(
      () => (stage.client(1).session && stage.mayServe(stage.host()) ? '' : 'client 1 is back'),
      30_000,
    );
  });
}
