import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ticketDigest } from '#functions/domain/ticket.ts';
import { hubName, memberId } from '#shared/kernel/ids.ts';
import { MemoryTable } from '#test/support/memory-table.ts';
import { ControlPlane } from '../control-plane.ts';
import { FaultyTable, InvocationDied } from '../faulty-table.ts';
import type { TestMember } from '../test-member.ts';

const addresses = ['192.0.2.1', '192.0.2.2', '192.0.2.3'];
/** Each time another client: one that came back would be known. */
const guest = (hub: string) => {
  guests += 1;
  const uniqueId = Buffer.alloc(16);
  uniqueId.writeUInt32BE(guests);
  return { hub, user: 'guest', changes: { uniqueId } };
};
let guests = 0;

interface Fleet {
  readonly plane: ControlPlane;
  readonly table: FaultyTable;
  readonly members: readonly TestMember[];
  /** Where the front door sends a guest of this hub. */
  readonly destination: (hub: string) => Promise<string>;
  readonly reasonOf: (hub: string) => Promise<unknown>;
}

/** Three equal members, a static and a dynamic hub with an anonymous user. */
async function fleet(seed = 1, size = 3): Promise<Fleet> {
  const table = new FaultyTable(new MemoryTable());
  const plane = new ControlPlane(table, seed);
  for (const [name, kind] of [['STATIC', 'static'] as const, ['DYNAMIC', 'dynamic'] as const]) {
    await plane.createHub(name, kind);
    await plane.createUser(name, 'guest', undefined);
  }
  const members: TestMember[] = [];
  for (const [index, address] of addresses.slice(0, size).entries()) {
    members.push(await plane.startMember(`i-${index + 1}`, { address }));
  }
  return {
    plane,
    table,
    members,
    destination: async (hub) => (await plane.redirectOf(guest(hub))).address,
    reasonOf: async (hub) => {
      const { code, reason } = await plane.rejectionOf(guest(hub));
      assert.equal(code, 49);
      return reason;
    },
  };
}

function countsOf(destinations: readonly string[]): number[] {
  return addresses.map((address) => destinations.filter((one) => one === address).length);
}

function at<T>(list: readonly T[], index: number): T {
  const item = list[index];
  assert(item !== undefined);
  return item;
}

for (let seed = 1; seed <= 20; seed += 1) {
  test(`six logins one after the other on three equal members: 2/2/2 (seed ${seed})`, async () => {
    const { destination } = await fleet(seed);
    const seen: string[] = [];
    for (let login = 0; login < 6; login += 1) seen.push(await destination('STATIC'));
    assert.deepEqual(countsOf(seen), [2, 2, 2]);
  });

  test(`six logins at once on three equal members: 2/2/2 (seed ${seed})`, async () => {
    const { destination } = await fleet(seed);
    const seen = await Promise.all(Array.from({ length: 6 }, () => destination('STATIC')));
    assert.deepEqual(countsOf(seen), [2, 2, 2]);
  });

  test(`six logins with heartbeats before the sessions: 2/2/2 (seed ${seed})`, async () => {
    const { members, destination } = await fleet(seed);
    const seen: string[] = [];
    for (let login = 0; login < 6; login += 1) {
      const address = await destination('STATIC');
      seen.push(address);
      for (const member of members) await member.beat(); // the client is not there yet
      const host = at(members, addresses.indexOf(address));
      host.observed = { ...host.observed, sessions: host.observed.sessions + 1 };
      if (login % 2 === 0) for (const member of members) await member.beat(); // now it is
    }
    assert.deepEqual(countsOf(seen), [2, 2, 2]);
  });
}

test('a burst beyond what can be placed exactly still spreads and never overbooks', async () => {
  const { plane, destination } = await fleet(3);
  const seen = await Promise.all(Array.from({ length: 90 }, () => destination('STATIC')));
  for (const count of countsOf(seen)) assert(count >= 15 && count <= 45, `${countsOf(seen)}`);
  for (const id of await plane.stores.members.ids()) {
    const member = await plane.stores.members.get(id);
    assert(member && member.headroom === member.capacity - member.reserved);
  }
});

test('a member of twice the weight gets twice the sessions', async () => {
  const { plane, members, destination } = await fleet();
  const heavy = at(members, 0);
  Object.assign(heavy.request, { weight: 200 });
  await heavy.join();
  await heavy.beat();
  const seen: string[] = [];
  for (let login = 0; login < 8; login += 1) seen.push(await destination('STATIC'));
  assert.deepEqual(countsOf(seen), [4, 2, 2]);
  assert.equal(plane.log.of('login.redirected').length, 8);
});

test('a member that has just joined takes its share', async () => {
  const { plane, members, destination } = await fleet(1, 2);
  for (const member of members) {
    member.observed = { ...member.observed, sessions: 3 };
    await member.beat();
  }
  await plane.startMember('i-3', { address: '192.0.2.3' });
  const seen = [await destination('STATIC'), await destination('STATIC')];
  assert.deepEqual(countsOf(seen), [0, 0, 2]);
});

test('nobody is admitted beyond the capacity, until a heartbeat shows room', async () => {
  const { plane, members, reasonOf, destination } = await fleet(1, 1);
  const member = at(members, 0);
  Object.assign(member.request, { capacity: 2 });
  await member.join();
  await member.beat();
  await destination('STATIC');
  await destination('STATIC');
  assert.equal(await reasonOf('STATIC'), 'no-headroom');
  assert.equal((await plane.stores.members.get(member.memberId))?.headroom, 0);
  await member.beat(); // both may be on their way still
  assert.equal(await reasonOf('STATIC'), 'no-headroom');
  await member.beat(); // they did not come
  await destination('STATIC');
});

test('without members, with joining ones only, and with dead ones: 49', async () => {
  const { plane, reasonOf, members } = await fleet(1, 1);
  await at(members, 0).join();
  assert.equal(await reasonOf('STATIC'), 'no-member');
  assert.equal(await reasonOf('DYNAMIC'), 'no-member');
  await at(members, 0).beat();
  plane.clock.advance(8_000);
  assert.equal(await reasonOf('STATIC'), 'no-member');
});

test('all clients of a dynamic hub follow its placement', async () => {
  const { plane, destination } = await fleet();
  const first = await destination('DYNAMIC');
  for (let login = 0; login < 5; login += 1) assert.equal(await destination('DYNAMIC'), first);
  assert.equal((await plane.stores.placements.get(hubName('DYNAMIC')))?.epoch, 1);
  assert.deepEqual(
    plane.log.of('login.redirected').map(({ reason }) => reason),
    ['placement-claimed', ...Array.from({ length: 5 }, () => 'placement-live')],
  );
});

for (let seed = 1; seed <= 10; seed += 1) {
  test(`first clients of a dynamic hub: one claim wins, all follow (seed ${seed})`, async () => {
    const { plane, destination } = await fleet(seed);
    const seen = await Promise.all(Array.from({ length: 4 }, () => destination('DYNAMIC')));
    assert.equal(new Set(seen).size, 1, `${seen}`);
    assert.equal((await plane.stores.placements.get(hubName('DYNAMIC')))?.epoch, 1);
  });
}

test('an invocation that dies after its claim leaves a claim the next client uses', async () => {
  const { plane, table, destination } = await fleet();
  table.diesAfter = ({ key }) => key.sk === 'PLACEMENT';
  await assert.rejects(plane.logIn(guest('DYNAMIC')), InvocationDied);
  table.diesAfter = () => false;
  const claimed = await plane.stores.placements.get(hubName('DYNAMIC'));
  const address = addresses[Number(claimed?.memberId.slice(2)) - 1];
  assert.equal(await destination('DYNAMIC'), address);
  assert.equal((await plane.stores.placements.get(hubName('DYNAMIC')))?.epoch, 1);
});

test('a death after the reservation: the place is free after two heartbeats', async () => {
  const { plane, table, members } = await fleet(1, 1);
  const member = at(members, 0);
  table.diesAfter = ({ operation, key }) => operation === 'update' && key.pk === 'MEMBER#i-1';
  await assert.rejects(plane.logIn(guest('STATIC')), InvocationDied);
  table.diesAfter = () => false;
  assert.equal((await plane.stores.members.get(member.memberId))?.reserved, 1);
  await member.beat();
  await member.beat();
  const after = await plane.stores.members.get(member.memberId);
  assert.deepEqual([after?.reserved, after?.headroom], [0, 1_000]);
});

test('writes that succeed and are sent again lead to the same redirect', async () => {
  for (const hub of ['STATIC', 'DYNAMIC']) {
    const { plane, table, members } = await fleet(1, 1);
    table.repeats = () => true;
    const redirect = await plane.redirectOf(guest(hub));
    table.repeats = () => false;
    const grant = await at(members, 0).redeem(ticketDigest(redirect.ticket));
    assert.equal(grant.kind, 'ok', JSON.stringify(grant));
  }
});

test('a member that drains takes no new placement, and its hub waits for its release', async () => {
  const { plane, members, destination, reasonOf } = await fleet();
  const first = await destination('DYNAMIC');
  const host = at(members, addresses.indexOf(first));
  host.observed = { state: 'draining', sessions: 1, connections: 1, hubs: 1 };
  assert.equal((await host.beat()).state, 'draining');
  assert.equal(await reasonOf('DYNAMIC'), 'member-draining');
  for (let login = 0; login < 4; login += 1) assert.notEqual(await destination('STATIC'), first);
  await host.beat({ released: [{ name: 'DYNAMIC', epoch: 1 }] });
  assert.notEqual(await destination('DYNAMIC'), first);
  assert.equal((await plane.stores.placements.get(hubName('DYNAMIC')))?.epoch, 3);
});

test('a hub that is being released waits; a full member refuses: both 49', async () => {
  const { plane, members, destination, reasonOf } = await fleet();
  const host = at(members, addresses.indexOf(await destination('DYNAMIC')));
  host.observed = { ...host.observed, sessions: 1_000 };
  await host.beat();
  assert.equal(await reasonOf('DYNAMIC'), 'member-full');
  await plane.stores.placements.beginRelease(hubName('DYNAMIC'), 1);
  assert.equal(await reasonOf('DYNAMIC'), 'hub-releasing');
});

test('a member that joined anew: the next client claims at a higher epoch', async () => {
  const { plane, members, destination } = await fleet(1, 1);
  await destination('DYNAMIC');
  await at(members, 0).join();
  await at(members, 0).beat();
  await destination('DYNAMIC');
  const placement = await plane.stores.placements.get(hubName('DYNAMIC'));
  assert.deepEqual([placement?.epoch, placement?.memberEpoch], [2, 2]);
});

/** Let all but one member renew while time passes. */
async function silence(plane: ControlPlane, others: readonly TestMember[]): Promise<void> {
  for (let beat = 0; beat < 4; beat += 1) {
    plane.clock.advance(2_000);
    for (const member of others) await member.beat();
  }
}

test('a dead member keeps its hub for its lease, then a login claims it', async () => {
  const { plane, members, destination } = await fleet();
  const first = await destination('DYNAMIC');
  const dead = at(members, addresses.indexOf(first));
  const others = members.filter((member) => member !== dead);
  plane.clock.advance(1); // its last heartbeat is older than theirs
  for (const member of others) await member.beat();
  for (let beats = 0; beats < 2; beats += 1) {
    plane.clock.advance(2_500);
    for (const member of others) await member.beat();
  }
  assert.equal(await destination('DYNAMIC'), first, 'its lease has not run out');
  plane.clock.advance(3_000);
  const second = await destination('DYNAMIC');
  assert.notEqual(second, first);
  assert.equal((await plane.stores.members.get(dead.memberId))?.state, 'lost');
  assert.equal(plane.log.of('member.lost').length, 1);

  const beat = await dead.tryBeat();
  assert(beat.kind === 'problem' && beat.problem.kind === 'stale-epoch', 'it must join anew (I1)');
  assert.equal(await destination('DYNAMIC'), second);
});

test('a member that renews just before it is called lost keeps its hub', async () => {
  const { plane, table, members, destination } = await fleet();
  const first = await destination('DYNAMIC');
  const late = at(members, addresses.indexOf(first));
  await silence(
    plane,
    members.filter((member) => member !== late),
  );
  table.before = async ({ operation, key }) => {
    if (operation !== 'update' || key.pk !== `MEMBER#${late.id}`) return;
    table.before = async () => undefined;
    await late.beat();
  };
  assert.equal(await destination('DYNAMIC'), first);
  assert.equal((await plane.stores.placements.get(hubName('DYNAMIC')))?.epoch, 1);
  assert.equal((await plane.stores.members.get(late.memberId))?.state, 'active');
});

test('after an outage, owners have time to come back before a claim (I10)', async () => {
  const { plane, members, destination, reasonOf } = await fleet();
  const first = await destination('DYNAMIC');
  const owner = at(members, addresses.indexOf(first));
  const others = members.filter((member) => member !== owner);
  plane.clock.advance(60_000); // nobody could renew
  for (const member of others) await member.beat();
  assert.equal(await reasonOf('DYNAMIC'), 'takeover-grace');
  plane.clock.advance(2_000);
  await owner.beat();
  assert.equal(await destination('DYNAMIC'), first, 'its sessions were never given away');
  assert.equal((await plane.stores.placements.get(hubName('DYNAMIC')))?.epoch, 1);
});

test('after an outage, an owner that stays away is replaced after the grace', async () => {
  const { plane, members, destination } = await fleet();
  const first = await destination('DYNAMIC');
  const others = members.filter((member) => member.request.address !== first);
  plane.clock.advance(60_000);
  for (const member of others) await member.beat();
  await silence(plane, others);
  assert.notEqual(await destination('DYNAMIC'), first);
});

test('a member that joined after the lost one was heard of waits for the grace', async () => {
  const { plane, members, destination, reasonOf } = await fleet(1, 1);
  await destination('DYNAMIC');
  plane.clock.advance(7_000);
  const young = await plane.startMember('i-2', { address: '192.0.2.2' });
  plane.clock.advance(1_000);
  assert.equal(await reasonOf('DYNAMIC'), 'takeover-grace');
  assert.equal((await plane.stores.members.get(at(members, 0).memberId))?.state, 'active');
  await silence(plane, [young]);
  assert.equal(await destination('DYNAMIC'), '192.0.2.2');
});

test('races lost three times over end in 49, with the last claim standing', async () => {
  const { plane, table, reasonOf } = await fleet();
  let epoch = 0;
  table.before = async ({ operation, key }) => {
    if (operation !== 'put' || key.sk !== 'PLACEMENT') return;
    // Somebody claims and releases again, each time.
    const { before } = table;
    table.before = async () => undefined;
    const seen = await plane.stores.placements.get(hubName('DYNAMIC'));
    const winner = { memberId: memberId('i-9'), epoch: 1 };
    await plane.stores.placements.claim(hubName('DYNAMIC'), seen, winner, 0);
    epoch += 1;
    table.before = before;
  };
  assert.equal(await reasonOf('DYNAMIC'), 'contended');
  assert.equal((await plane.stores.placements.get(hubName('DYNAMIC')))?.epoch, 3);
  assert.equal(epoch, 3);
});
