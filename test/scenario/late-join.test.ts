import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Stage } from '#test/sim/stage.ts';

// A function that took long to start carries out a join whose member has long given it up, joined
// anew and got a hub. The member serves on until its next heartbeat is refused.
test('a late copy of a join: nobody else gets the hub under the old lease', async () => {
  const stage = await Stage.set({ members: 3, clients: 3 });
  await stage.connect(stage.client(1));
  const host = stage.host();
  const { certificate } = stage.running(host);
  const join = JSON.stringify({
    address: host.endpoint.address,
    ports: [443],
    certificate: certificate.toString('base64'),
    weight: 100,
    capacity: 100,
    agentVersion: 'late',
  });
  void stage.world.controlPlane.agentApi('join', host.name, join);
  await stage.pass(50);
  assert.equal(stage.state(host)['epoch'], 2);
  assert.ok(stage.mayServe(host), 'it has not heard of it');

  stage.client(2).start();
  stage.client(3).start();
  await stage.until(() => {
    const away = stage.world.clients.find(({ session }) => session === undefined);
    return away === undefined ? '' : `${away.name}: ${away.trouble}`;
  }, 30_000);
  assert.equal(stage.state(host)['epoch'], 3, 'refused, it joined anew');
});
