import assert from 'node:assert/strict';
import { test } from 'node:test';
import { backstopMs } from '#functions/domain/sweep.ts';
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

/** The store is away for so long that every watch is given up; then all is well again. */
async function givenUp(): Promise<Stage> {
  const stage = await Stage.set({ members: 2, clients: 0 });
  const { controlPlane } = stage.world;
  controlPlane.server.away = true;
  await stage.until(() => (controlPlane.queue.dead >= 2 ? '' : 'watches given up'), 240_000);
  controlPlane.server.away = false;
  await stage.pass(30_000);
  assert.equal(controlPlane.queue.waiting, 0, 'nobody watches');
  return stage;
}

test('a watch was given up: the sweeper calls a dead member lost', async () => {
  const stage = await givenUp();
  const watched = stage.member(1);
  watched.die();
  const state = () => stage.state(watched)['state'];
  await stage.until(() => (state() === 'lost' ? '' : `lost, not ${state()}`), backstopMs + 80_000);
});

test('a watch was given up: the sweeper puts a living member under watch again', async () => {
  const stage = await givenUp();
  const { queue } = stage.world.controlPlane;
  const limitMs = 2 * roundsPerChain * (timing.leaseTtlMs + 1_000) + 120_000;
  await stage.until(() => (queue.waiting > 0 ? '' : 'a watch'), limitMs);
  await stage.pass(180_000);
  await stage.until(() => (queue.waiting === 2 ? '' : `${queue.waiting} wait`), 10_000);
  const watched = stage.member(1);
  watched.die();
  const state = () => stage.state(watched)['state'];
  await stage.until(() => (state() === 'lost' ? '' : `lost, not ${state()}`), 12_000);
});
