import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { ClientMode, GenuineClient } from '#test/netns/genuine-client.ts';
import { Site } from '#test/netns/site.ts';
import { slowDown } from '#test/netns/slow-line.ts';
import { eventually } from '#test/support/eventually.ts';
import { type Caller, connectLimitMs, frameLimitMs, frontDoor, Stage } from './stage.ts';

/** Two sites on one dynamic hub: one cascaded by a VPN Bridge, one by a VPN Server. */
const hub = 'SITES';
const addresses = { office: '10.88.0.201', depot: '10.88.0.202' } as const;
const group = '239.7.7.7';
/** What a cascade asks for; it opens one connection a second. */
const cascadeConnections = 8;
/** SoftEther's number for it (protocol/02 §9). */
const autoDisconnected = 126;
/** `timeout` 5 s, retry after 10 s and up to a fifth, then a login and eight connections. */
const cascadeBackLimitMs = 60_000;

/** What a client asks for, and the connections it must get. */
const modes: readonly { mode: ClientMode; wants: number; gets: number }[] = [
  { mode: { halfDuplex: true, compress: true }, wants: 4, gets: 4 },
  { mode: { qos: true }, wants: 1, gets: 2 },
  { mode: { bridge: true, halfDuplex: true, qos: true }, wants: 16, gets: 16 },
];

let stage: Stage;
let office: Site;
let depot: Site;
let clients: GenuineClient[];
let monitor: GenuineClient;

function caller(user: string, more: Partial<Caller> = {}): Caller {
  return { hub, user, credential: { kind: 'password', password: `pw-${user}` }, ...more };
}

async function site(user: string, program: 'vpnbridge' | 'vpnserver'): Promise<Site> {
  await stage.createUser(caller(user));
  const { host } = await stage.nextHost();
  const started = await Site.start(host, program);
  await started.cascade({ server: frontDoor, hub, user, password: `pw-${user}` });
  return started;
}

async function client(n: number): Promise<GenuineClient> {
  const { mode, wants } = modes[n] as (typeof modes)[number];
  const user = caller(`client${n}`, { maxConnections: wants, mode });
  await stage.createUser(user);
  return stage.dial(user);
}

async function listener(): Promise<GenuineClient> {
  const policy = { 'policy:MonitorPort_bool': true };
  const user = caller('watcher', { policy, mode: { monitor: true } });
  await stage.createUser(user);
  return stage.dial(user);
}

before(async () => {
  stage = await Stage.raise('efsite');
  await stage.createHub(hub, 'dynamic');
  [office, depot, clients, monitor] = await Promise.all([
    site('office', 'vpnbridge'),
    site('depot', 'vpnserver'),
    Promise.all(modes.map((_, n) => client(n))),
    listener(),
  ]);
  await office.machine.setAddress(addresses.office);
});
after(() => stage?.lower());

test('a Bridge and a Server cascade into the hub over eight connections each', async () => {
  for (const one of [office, depot]) await one.established(cascadeConnections, connectLimitMs);
});

test('a machine at one site leases an address by DHCP from the other, and reaches it', async () => {
  const server = await office.machine.serveDhcp(addresses.office, addresses.depot);
  assert.equal(await depot.machine.leaseByDhcp(20_000), addresses.depot);
  await server.end();
  await depot.machine.setAddress(addresses.depot);
  await depot.machine.reaches(addresses.office, frameLimitMs);
  await office.machine.reaches(addresses.depot, frameLimitMs);
});

test('what is said to a multicast group at one site is heard at the other', async () => {
  const listener = await depot.machine.listen(addresses.depot, group);
  const speaker = await office.machine.shout(addresses.office, group, 'to all who listen');
  await eventually(
    () => (listener.heard.includes('to all who listen') ? undefined : 'nothing was heard'),
    frameLimitMs,
  );
  for (const one of [speaker, listener]) await one.end();
});

for (const [n, { mode, gets }] of modes.entries()) {
  test(`a client with ${JSON.stringify(mode)} on ${gets} connections reaches both`, async () => {
    const one = clients[n] as GenuineClient;
    await one.established(connectLimitMs);
    for (const address of Object.values(addresses)) await one.reaches(address, frameLimitMs);
    await office.machine.reaches(one.tapAddress, frameLimitMs);
    await eventually(async () => {
      const { connections } = await one.status();
      return connections === gets ? undefined : `${connections} of ${gets} connections`;
    }, 60_000);
    await depot.machine.reaches(one.tapAddress, frameLimitMs);
    await one.kill();
  });
}

test('a monitor hears what the sites say to each other, and is not heard', async () => {
  await monitor.established(connectLimitMs);
  const before = await monitor.framesHeard();
  const { received } = await office.machine.ping('-c', '20', '-i', '0.05', addresses.depot);
  await eventually(async () => {
    const heard = (await monitor.framesHeard()) - before;
    return heard >= 2 * received ? undefined : `${heard} frames of ${received} pings and answers`;
  }, frameLimitMs);
  assert.equal(await monitor.hears(addresses.office), false);
  await monitor.kill();
});

test('AutoDisconnect: the client leaves when its time is over, and says so', async () => {
  const policy = { 'policy:AutoDisconnect_u32': 2 };
  const guest = caller('guest', { policy });
  await stage.createUser(guest);
  const client = await stage.dial(guest);
  await client.failure(autoDisconnected, connectLimitMs);
  await client.kill();
});

test('over lines that delay 50 ms and lose 1 % frames arrive, and no session ends', async () => {
  const before = closings();
  const undo = await slowDown([office.host, depot.host], { delayMs: 50, lossPercent: 1 });
  const small = await office.machine.ping('-c', '40', '-i', '0.05', '-W', '3', addresses.depot);
  const large = await depot.machine.ping('-c', '100', '-i', '0.02', '-s', '1400', addresses.office);
  await undo();
  assert.ok(small.received >= 0.95 * small.sent, JSON.stringify(small));
  assert.ok(small.leastMs >= 190, `${small.leastMs} ms over four lines`);
  assert.ok(large.received >= 0.95 * large.sent, JSON.stringify(large));
  assert.equal(closings(), before, 'sessions of the sites closed');
});

test('kill -9 of the member underneath: both cascades are back, and frames flow', async (t) => {
  const serving = await servingAddress();
  const member = stage.cluster.members().find(({ address }) => address === serving);
  assert.ok(member, `no member has the address ${serving}`);
  stage.cluster.killMember(member.id, 'SIGKILL');
  const killedMs = Date.now();
  await eventually(async () => {
    const now = await servingAddress();
    return now !== undefined && now !== serving ? undefined : `the office is at ${now}`;
  }, cascadeBackLimitMs);
  for (const one of [office, depot]) await one.established(1, cascadeBackLimitMs);
  await office.machine.reaches(addresses.depot, cascadeBackLimitMs);
  await depot.machine.reaches(addresses.office, frameLimitMs);
  t.diagnostic(`frames flow ${((Date.now() - killedMs) / 1_000).toFixed(1)} s after the kill`);
});

/** Sessions of the two sites that members have closed so far. */
function closings(): number {
  const lines = stage.cluster.logs().split('\n');
  const ours = (line: string): boolean => /SID-(OFFICE|DEPOT)-/i.test(line);
  return lines.filter((line) => line.includes('session.closed') && ours(line)).length;
}

/** The member that the office's connections go to, from the kernel's own table. */
async function servingAddress(): Promise<string | undefined> {
  const list = ['ss', '-Htn', 'state', 'established', 'dst', '10.77.0.0/24'];
  return /(10\.77\.0\.\d+):443\s*$/m.exec(await office.host.mustExec(list))?.[1];
}
