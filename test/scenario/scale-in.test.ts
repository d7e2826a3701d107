import assert from 'node:assert/strict';
import { test } from 'node:test';
import { drainLimitMs } from '#functions/domain/drain.ts';
import { Stage } from '#test/sim/stage.ts';
import { Holding } from './holding.ts';

test('a machine is scaled in: its sessions move, it goes empty, another comes', async () => {
  const stage = await Stage.set({ members: 2, clients: 2 });
  await stage.connect(stage.client(1));
  await stage.connect(stage.client(2));
  const host = stage.host();
  stage.world.group.scaleIn(host);
  await stage.until(() => (host.isGone ? '' : 'its machine goes'), 30_000);
  assert.equal(stage.state(host)['sessions'], 0, 'it was empty');
  const elsewhere = (): boolean => stage.host() !== host;
  await stage.until(
    () => (stage.client(1).session && stage.client(2).session && elsewhere() ? '' : 'sessions'),
    15_000,
  );
  await stage.until(() => (stage.state(host)['state'] === 'terminated' ? '' : 'ended'), 10_000);
  const other = () => stage.world.members[2];
  await stage.until(() => (other()?.running?.agent.status.epoch ? '' : 'another machine'), 30_000);
});

test('a member cannot be reached while its machine is to go: it goes at the deadline', async () => {
  const stage = await Stage.set({ members: 1, clients: 1 });
  await stage.connect(stage.client(1));
  const [member] = stage.world.members;
  assert(member);
  stage.world.group.scaleIn(member);
  await stage.pass(1_000);
  member.running?.process.stop();
  await stage.until(() => (member.isGone ? '' : 'its machine goes'), drainLimitMs + 30_000);
});

test('a machine is to go before its member has joined: the join under way is refused', async () => {
  const holding = new Holding(({ pk }) => pk === 'MEMBER#i-3');
  const stage = await Stage.set({ members: 2, clients: 0, engine: (table) => holding.over(table) });
  const late = stage.world.addMember();
  late.start();
  await stage.until(() => (holding.held === 1 ? '' : 'its join is under way'), 3_000);
  stage.world.group.scaleIn(late);
  await stage.until(() => (late.isGone ? '' : 'its machine goes'), 3_000);
  holding.letGo();
  await stage.pass(3_000);
  assert.equal(stage.state(late)['state'], 'terminated');
  const listed = () => stage.world.invariants.items('MEMBER#i-3').length;
  await stage.until(() => (listed() === 0 ? '' : 'struck off the list'), 70_000);
});
