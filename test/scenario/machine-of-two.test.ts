import assert from 'node:assert/strict';
import { test } from 'node:test';
import { replacedAfterMs } from '#functions/domain/lease.ts';
import { agentApiName, type SimMember } from '#test/sim/sim-member.ts';
import { Stage } from '#test/sim/stage.ts';

// Two agents on a machine, a member each (ADR 0030). They share their machine's end and nothing
// else. The invariants are looked at after every event of these runs.

async function set(members: number, clients: number): Promise<Stage> {
  return Stage.set({ members, processes: 2, clients });
}

const otherOn = (stage: Stage, one: SimMember): SimMember => {
  const other = stage.world.membersOn(one.machine).find((member) => member !== one);
  assert(other);
  return other;
};

test('a process dies: the other goes on, and its own hub is back on the same machine', async () => {
  const stage = await set(1, 2);
  await stage.connect(stage.client(1));
  const host = stage.host();
  const other = otherOn(stage, host);
  host.kill();
  await stage.pass(1_000);
  host.start();
  await stage.until(
    () => (stage.client(1).session && stage.mayServe(stage.host()) ? '' : 'back in its hub'),
    20_000,
  );
  assert.equal(stage.host().machine, host.machine);
  assert.equal(stage.state(other)['epoch'], 1);
  await stage.pass(replacedAfterMs + 20_000);
  assert.equal(stage.world.machines, 1, 'nothing was replaced');
});

test('a process stays dead: the other takes its hub, and keeps the machine', async () => {
  const stage = await set(1, 2);
  await stage.connect(stage.client(1));
  const host = stage.host();
  host.kill();
  await stage.until(
    () => (stage.host() !== host && stage.client(1).session ? '' : 'served by the other'),
    40_000,
  );
  await stage.pass(replacedAfterMs + 20_000);
  assert.equal(stage.state(host)['state'], 'lost');
  assert.equal(stage.world.machines, 1, 'a dead process is its machine’s own to start again');
});

test('a machine dies: neither of its members takes from the other, and both end', async () => {
  const stage = await set(2, 2);
  await stage.connect(stage.client(1));
  const host = stage.host();
  stage.world.die(host.machine);
  const states = () => stage.world.membersOn(host.machine).map((one) => stage.state(one)['state']);
  await stage.until(() => (stage.client(1).session && stage.host() !== host ? '' : 'in'), 40_000);
  assert.notEqual(stage.host().machine, host.machine, 'the other one on it is no survivor');
  await stage.until(
    () => (states().every((state) => state === 'terminated') ? '' : `${states()}`),
    replacedAfterMs + 60_000,
  );
});

test('a machine is scaled in: both members are emptied before it goes', async () => {
  const stage = await set(2, 4);
  for (const number of [1, 2, 3, 4]) await stage.connect(stage.client(number));
  const host = stage.host();
  const both = stage.world.membersOn(host.machine);
  stage.world.group.scaleIn(host);
  await stage.until(() => (both.every(({ isGone }) => isGone) ? '' : 'its machine goes'), 30_000);
  for (const member of both) assert.equal(stage.state(member)['sessions'], 0, 'it was empty');
  await stage.until(
    () => ([1, 2, 3, 4].every((number) => stage.client(number).session) ? '' : 'sessions'),
    15_000,
  );
});

// Why a member asks the others on its machine as well (ADR 0003): what it lost they may be given.
test('a process cut off from the control plane fences for the other on its machine', async () => {
  const stage = await set(1, 2);
  await stage.connect(stage.client(1));
  await stage.pass(10_000);
  const host = stage.host();
  stage.world.setCut(host.name, agentApiName, 'both', true);
  await stage.until(() => (stage.mayServe(host) ? 'still served' : ''), 8_100);
  await stage.connect(stage.client(2), 30_000);
  assert.equal(stage.host(), otherOn(stage, host));
});

test('an outage: a machine of two serves on, alone', async () => {
  const stage = await set(1, 2);
  await stage.connect(stage.client(1));
  await stage.pass(10_000);
  const host = stage.host();
  const { session } = stage.client(1);
  stage.world.controlPlane.away = true;
  for (let passedMs = 0; passedMs < 60_000; passedMs += 100) {
    await stage.pass(100);
    assert(stage.mayServe(host), `fenced after ${passedMs} ms`);
  }
  assert.equal(stage.client(1).session, session);
});
