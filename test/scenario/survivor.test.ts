import assert from 'node:assert/strict';
import { test } from 'node:test';
import { agentApiName, type SimMember } from '#test/sim/sim-member.ts';
import { Stage } from '#test/sim/stage.ts';

// A session of a static hub outlives its member's lease (I10). The member is called lost, the
// sweeper looks at what is stored of the session, and then the member is back.

/** When the sweeper has walked, for the lost member's sake; the machine is not replaced yet. */
const walkedMs = 61_000;

/** A client in a session on a member that is cut off, and then called lost. */
async function set(
  meanwhile: (stage: Stage, session: string) => Promise<void> = async () => undefined,
): Promise<{ stage: Stage; host: SimMember }> {
  const stage = await Stage.set({ members: 2, clients: 1, hub: 'static' });
  await stage.connect(stage.client(1));
  await stage.until(() => (stage.world.invariants.sessions.length === 1 ? '' : 'told'), 3_000);
  await stage.pass(10_000);
  const host = stage.world.members.find(({ running }) => running?.agent.status.sessions === 1);
  assert(host);
  stage.world.setCut(host.name, agentApiName, 'both', true);
  await meanwhile(stage, stage.client(1).session?.name ?? '');
  await stage.until(() => (stage.state(host)['state'] === 'lost' ? '' : 'lost'), 40_000);
  await stage.pass(walkedMs - stage.world.time.nowMs);
  return { stage, host };
}

test('a session that outlives its member’s epoch is no second login', async () => {
  const { stage, host } = await set();
  const { session } = stage.client(1);
  stage.world.setCut(host.name, agentApiName, 'both', false);
  const listedAt = () => stage.world.invariants.sessions.map((item) => item['memberEpoch']);
  await stage.until(() => (listedAt().includes(3) ? '' : `at ${listedAt()}`), 20_000);
  const [user] = stage.world.invariants.items('USER#user-1');
  assert.equal(user?.['logins'], 1);
  assert.equal(stage.client(1).session, session);
});

for (const what of ['taken offline', 'deleted', 'deleted and created anew'] as const) {
  test(`a hub is ${what} while a member is lost: its sessions end with the loss`, async () => {
    const { stage, host } = await set();
    const { session } = stage.client(1);
    const { administrator } = stage.world;
    if (what === 'taken offline') void administrator.setOnline('fix-1', false);
    else void administrator.removeHub('fix-1');
    await stage.pass(100);
    if (what === 'deleted and created anew') void administrator.createHub('fix-1');
    await stage.pass(100);
    assert.equal(stage.client(1).session, session, 'nobody could tell it');
    stage.world.setCut(host.name, agentApiName, 'both', false);
    const sessions = () => stage.running(host).agent.running.flatMap((hub) => [...hub.sessions]);
    const isOver = () => !sessions().some(([, { name }]) => name === session?.name);
    await stage.until(() => (isOver() ? '' : 'still there'), 20_000);
    const listed = () => stage.world.invariants.sessions.map(({ name }) => name);
    await stage.until(() => (listed().includes(session?.name ?? '') ? 'listed' : ''), 5_000);
  });
}

test('an order that waits for a member is not forgotten when it joins anew', async () => {
  const { stage, host } = await set(async ({ world }, session) => {
    void world.administrator.disconnect('fix-1', session);
  });
  const { session } = stage.client(1);
  stage.world.setCut(host.name, agentApiName, 'both', false);
  await stage.until(() => (stage.client(1).session === session ? 'still there' : ''), 10_000);
});

test('a stopped member tells of a session whose client is elsewhere by now', async () => {
  const stage = await Stage.set({ members: 2, clients: 1, hub: 'static' });
  const sessions = () => stage.world.invariants.sessions;
  await stage.connect(stage.client(1));
  const { session } = stage.client(1);
  await stage.until(() => (sessions().length === 1 ? '' : 'told'), 3_000);
  const host = stage.world.members.find(({ running }) => running?.agent.status.sessions === 1);
  assert(host);
  stage.running(host).process.stop();
  const client = stage.client(1);
  await stage.until(() => (client.session && client.session !== session ? '' : 'away'), 60_000);
  await stage.pass(walkedMs - stage.world.time.nowMs);
  stage.running(host).process.goOn();
  await stage.pass(10_000);
  assert.equal(stage.state(host)['epoch'], 3);
  const [user] = stage.world.invariants.items('USER#user-1');
  assert.equal(user?.['logins'], 2);
});
