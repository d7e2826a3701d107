import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { GenuineBridge } from '#test/netns/genuine-bridge.ts';
import type { GenuineClient } from '#test/netns/genuine-client.ts';
import { eventually } from '#test/support/eventually.ts';
import {
  type Caller,
  connectLimitMs,
  frameLimitMs,
  frontDoor,
  memberAddresses,
  reportLimitMs,
  Stage,
} from './stage.ts';

let stage: Stage;
before(async () => {
  stage = await Stage.raise('efconn');
  await stage.createHub('OFFICE', 'dynamic');
  await stage.createHub('CAMPUS', 'static');
});
after(() => stage?.lower());

const withPassword = (hub: string, user: string): Caller => ({
  hub,
  user,
  credential: { kind: 'password', password: `pw-${user}` },
});
const alice = withPassword('OFFICE', 'alice');
const bob = withPassword('OFFICE', 'bob');

// First, because sessions of earlier tests would count as load until they time out.
test('six clients of a static hub are spread two to each of three members', async () => {
  const carol = withPassword('CAMPUS', 'carol');
  await stage.createUser(carol);
  const clients = await stage.connected(...Array.from({ length: 6 }, () => carol));
  const dialed = await serverAddresses(clients);
  const counts = memberAddresses.map((member) => dialed.filter((one) => one === member).length);
  assert.deepEqual(counts, [2, 2, 2], `sessions on ${memberAddresses.join(', ')}`);
  await stage.reports([2, 2, 2], reportLimitMs);
  await eventually(async () => {
    const { SessionList } = await stage.cluster.rpc('EnumSession', { HubName_str: 'CAMPUS' });
    const listed = (SessionList as unknown[]).length;
    return listed === 6 ? undefined : `EnumSession lists ${listed} of 6 sessions`;
  }, 10_000);
  await disconnect(clients);
});

test('two password clients on a dynamic hub are on one member and ping each other', async () => {
  await stage.createUser(alice);
  await stage.createUser(bob);
  const clients = await stage.connected(alice, bob);
  assert.equal(new Set(await serverAddresses(clients)).size, 1, 'all on one member');
  const [first, second] = clients as [GenuineClient, GenuineClient];
  await first.reaches(second.tapAddress, frameLimitMs);
  await second.reaches(first.tapAddress, frameLimitMs);
  await disconnect(clients);
});

test('anonymous, plain password and eight-connection clients share a hub', async () => {
  const guest: Caller = { hub: 'OFFICE', user: 'guest', credential: { kind: 'anonymous' } };
  const dave: Caller = {
    hub: 'OFFICE',
    user: 'dave',
    credential: { kind: 'plain', password: 'pw-dave' },
  };
  const wide: Caller = { ...withPassword('OFFICE', 'erin'), maxConnections: 8 };
  for (const caller of [guest, dave, wide]) await stage.createUser(caller);
  const clients = await stage.connected(guest, dave, wide);
  const [first, second, third] = clients as [GenuineClient, GenuineClient, GenuineClient];
  await first.reaches(second.tapAddress, frameLimitMs);
  await eventually(async () => {
    const { connections } = await third.status();
    return connections === 8 ? undefined : `${connections} of 8 connections`;
  }, 30_000);
  await third.reaches(first.tapAddress, frameLimitMs);
  await third.reaches(second.tapAddress, frameLimitMs);
  await disconnect(clients);
});

test('a bridge cascades a site into a hub over eight connections', async () => {
  const frank = withPassword('OFFICE', 'frank');
  const site: Caller = withPassword('OFFICE', 'site');
  for (const caller of [frank, site]) await stage.createUser(caller);
  const { host, tapAddress } = await stage.nextHost();
  const [[client], bridge] = await Promise.all([
    stage.connected(frank),
    GenuineBridge.start(host, tapAddress),
  ]);
  await bridge.cascade({ ...site, server: frontDoor, password: 'pw-site' });
  await bridge.established(8, connectLimitMs);
  assert.ok(client);
  await client.reaches(tapAddress, frameLimitMs);
  await disconnect([client]);
});

test('a client that dials a member itself is refused, whatever its password', async () => {
  const [member] = memberAddresses;
  const client = await stage.dial({ ...alice, server: `${member}:443` });
  await client.failure(12, connectLimitMs);
  assert.equal((await client.status()).established, false);
  await client.kill();
});

async function serverAddresses(clients: readonly GenuineClient[]): Promise<(string | undefined)[]> {
  return Promise.all(clients.map((client) => client.serverAddress()));
}

async function disconnect(clients: readonly GenuineClient[]): Promise<void> {
  await Promise.all(clients.map((client) => client.disconnect()));
  for (const client of clients) await client.kill();
}
