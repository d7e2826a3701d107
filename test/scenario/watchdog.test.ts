import assert from 'node:assert/strict';
import { test } from 'node:test';
import { roundsPerChain } from '#functions/domain/watch-chain.ts';
import { watchMessage } from '#functions/store/watch-message.ts';
import { timing } from '#shared/contract/timing.ts';
import { memberId } from '#shared/kernel/ids.ts';
import { Stage } from '#test/sim/stage.ts';

function tellWatchdog(stage: Stage, epoch: number): void {
  const body = watchMessage.begin({ memberId: memberId(stage.member(1).name), epoch });
  stage.world.controlPlane.queue.send(body, 0);
}

test('a watchdog message comes twice: a living member stays, a dead one is lost once', async () => {
  const stage = await Stage.set({ members: 2, clients: 0 });
  tellWatchdog(stage, 1);
  tellWatchdog(stage, 1);
  await stage.pass(5_000);
  assert.equal(stage.state(stage.member(1))['epoch'], 1);

  stage.member(1).kill();
  await stage.until(() => (stage.state(stage.member(1))['state'] === 'lost' ? '' : 'lost'), 15_000);
  for (let copy = 0; copy < 3; copy++) tellWatchdog(stage, 1);
  await stage.pass(5_000);
  assert.equal(stage.state(stage.member(1))['epoch'], 2);
});

test('a watchdog message comes after its member joined anew: it changes nothing', async () => {
  const stage = await Stage.set({ members: 2, clients: 0 });
  const member = stage.member(1);
  member.kill();
  await stage.pass(1_000);
  member.start();
  await stage.until(() => (stage.state(member)['state'] === 'active' ? '' : 'active'), 5_000);
  tellWatchdog(stage, 1);
  await stage.pass(20_000);
  assert.equal(stage.state(member)['epoch'], 2);
  assert.equal(stage.state(member)['state'], 'active');
});

test('watchdog messages come twice: each member is watched by one message again', async () => {
  const stage = await Stage.set({ members: 2, clients: 0 });
  const { queue } = stage.world.controlPlane;
  const watches = () => (queue.waiting === 2 ? '' : `one for each: ${queue.waiting} wait`);
  await stage.until(watches, 10_000);
  for (let copy = 0; copy < 3; copy++) tellWatchdog(stage, 1);
  assert.equal(queue.waiting, 5);
  const roundMs = timing.leaseTtlMs + 2_000;
  await stage.until(watches, 2 * roundsPerChain * roundMs);
  await stage.pass(2 * roundsPerChain * roundMs);
  await stage.until(watches, roundMs);

  stage.member(1).kill();
  await stage.until(() => (stage.state(stage.member(1))['state'] === 'lost' ? '' : 'lost'), 12_000);
});
