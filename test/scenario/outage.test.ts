import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { SimMember } from '#test/sim/sim-member.ts';
import { Stage } from '#test/sim/stage.ts';

// Established sessions outlive the control plane (I10), and no hub runs twice for that (I1): the
// invariants are looked at after every event of these runs, and end them when they are broken.

/** A hub with two clients on one of three members. */
async function set(members = 3): Promise<{ stage: Stage; host: SimMember }> {
  const stage = await Stage.set({ members, clients: 3 });
  await stage.connect(stage.client(1));
  await stage.connect(stage.client(2));
  await stage.pass(10_000);
  return { stage, host: stage.host() };
}

/** Let time pass in which the hub is served all along and nobody loses a session. */
async function servedFor(stage: Stage, host: SimMember, durationMs: number): Promise<void> {
  const sessions = [stage.client(1).session, stage.client(2).session];
  const endMs = stage.world.time.nowMs + durationMs;
  while (stage.world.time.nowMs < endMs) {
    await stage.pass(50);
    assert(stage.mayServe(host), `fenced at ${stage.world.time.nowMs}`);
  }
  assert.deepEqual([stage.client(1).session, stage.client(2).session], sessions);
}

for (const members of [1, 2, 3]) {
  test(`three minutes without control plane, ${members} members: nobody notices`, async () => {
    const { stage, host } = await set(members);
    const forwarded = stage.forwarded(host);
    stage.world.controlPlane.away = true;
    await servedFor(stage, host, 180_000);
    assert(stage.forwarded(host) > forwarded + 100, 'frames went through');
    stage.world.controlPlane.away = false;
    await servedFor(stage, host, 60_000);
    assert.equal(stage.placement()['epoch'], 1, 'nobody took the hub over afterwards');
  });
}

for (const downMs of [5_000, 7_000, 8_000, 9_000, 10_000, 12_000, 20_000]) {
  test(`a store that is away for ${downMs} ms costs nobody a session`, async () => {
    const { stage, host } = await set();
    stage.world.controlPlane.server.away = true;
    await servedFor(stage, host, downMs);
    stage.world.controlPlane.server.away = false;
    stage.client(3).start();
    await servedFor(stage, host, 40_000);
    assert.equal(stage.placement()['epoch'], 1);
  });
}

test('in an outage a peer out of reach fences, and serves again within reach', async () => {
  const { stage, host } = await set();
  const other = stage.world.members.find((member) => member !== host) as SimMember;
  stage.world.controlPlane.away = true;
  await servedFor(stage, host, 20_000);
  stage.world.setCut(host.name, other.name, 'both', true);
  await stage.until(() => (stage.mayServe(host) ? 'still served' : ''), 1_600);
  await stage.pass(3_000);
  stage.world.setCut(host.name, other.name, 'both', false);
  await stage.until(() => (stage.mayServe(host) ? '' : 'fenced'), 600);
  await servedFor(stage, host, 20_000);
});

test('a newcomer that reaches the control plane fences those who do not', async () => {
  const { stage, host } = await set(2);
  for (const member of stage.world.members) {
    stage.world.setCut(member.name, 'agent-api', 'both', true);
  }
  await servedFor(stage, host, 30_000);
  const newcomer = stage.world.addMember();
  newcomer.start();
  await stage.until(() => (stage.mayServe(host) ? 'still served' : ''), 2_000);
  await stage.connect(stage.client(3), 60_000);
  assert.equal(stage.host(), newcomer);
});

// The documented exception: everybody the host ever heard of is cut off with it, and the newcomer
// can reach none of them. Clients that reach both are served where they are.
test('an island nobody can reach serves on beside a newcomer, until it hears of it', async () => {
  const { stage, host } = await set(2);
  const island = [...stage.world.members];
  for (const member of island) stage.world.setCut(member.name, 'agent-api', 'both', true);
  const newcomer = stage.world.addMember();
  for (const member of island) stage.world.setCut(member.name, newcomer.name, 'both', true);
  newcomer.start();
  await stage.connect(stage.client(3), 60_000);
  assert.equal(stage.host(), newcomer);
  assert(stage.mayServe(host), 'it cannot know');
  for (const member of island) stage.world.setCut(member.name, newcomer.name, 'both', false);
  await stage.until(() => (stage.mayServe(host) ? 'still served' : ''), 5_500);
});
