import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { ticketDigest } from '#functions/domain/ticket.ts';
import type { Hub } from '#functions/store/hub-store.ts';
import type { Table } from '#functions/store/table.ts';
import type { User } from '#functions/store/user-store.ts';
import type { Grant } from '#shared/contract/ticket.ts';
import { hubName } from '#shared/kernel/ids.ts';
import type { Login } from '#shared/wire/login.ts';
import { defaultPolicy } from '#shared/wire/policy.ts';
import { LocalDynamo } from '#test/contract/local-dynamo.ts';
import { MemoryTable } from '#test/support/memory-table.ts';
import { ControlPlane } from '../control-plane.ts';
import { FaultyTable, InvocationDied } from '../faulty-table.ts';
import type { LoginWish } from '../login-wish.ts';
import { sessionReport, type TestMember } from '../test-member.ts';

const dynamo = new LocalDynamo();
before(() => dynamo.open());
after(() => dynamo.close());

const engines: readonly [string, () => Promise<Table>][] = [
  ['memory', async () => new MemoryTable()],
  ['dynalite', () => dynamo.table()],
];

interface House {
  readonly plane: ControlPlane;
  readonly table: FaultyTable;
  readonly members: readonly TestMember[];
  readonly enter: (wish: LoginWish) => Promise<Guest>;
}

interface Guest {
  readonly member: TestMember;
  readonly grant: Grant;
}

/** Two members, a static hub, Alice with these limits and an anonymous guest. */
async function house(
  table: Table,
  hub: Partial<Hub>,
  user: Partial<User> = {},
  kind: Hub['kind'] = 'static',
): Promise<House> {
  const faulty = new FaultyTable(table);
  const plane = new ControlPlane(faulty);
  await plane.createHub('OFFICE', kind, hub);
  await plane.createUser('OFFICE', 'Alice', undefined, user);
  await plane.createUser('OFFICE', 'guest', undefined);
  const members = [
    await plane.startMember('i-a', { address: '192.0.2.1' }),
    await plane.startMember('i-b', { address: '192.0.2.2' }),
  ];
  return { plane, table: faulty, members, enter };

  /** A login, its ticket, and the heartbeat that tells of the session. */
  async function enter(wish: LoginWish): Promise<Guest> {
    const redirect = await plane.redirectOf(wish);
    const member = members.find(({ request }) => request.address === redirect.address);
    assert(member);
    const reply = await member.redeem(ticketDigest(redirect.ticket));
    assert(reply.kind === 'ok', JSON.stringify(reply));
    const grant = reply.value;
    const { sessions } = member.observed;
    member.observed = { ...member.observed, sessions: sessions + 1 };
    await member.beat({ opened: [reportOf(plane, wish, grant)] });
    return { member, grant };
  }
}

function reportOf(plane: ControlPlane, wish: LoginWish, grant: Grant) {
  return {
    ...sessionReport('OFFICE', grant.sessionName, grant.user, plane.clock.nowMs()),
    uniqueId: (wish.changes?.uniqueId ?? Buffer.alloc(16, 7)).toString('hex'),
    ...(grant.seats && { seats: grant.seats }),
  };
}

/** A login from installation `id`. */
function from(id: number, user = 'guest', changes: Partial<Login> = {}): LoginWish {
  return { hub: 'OFFICE', user, changes: { uniqueId: Buffer.alloc(16, id), ...changes } };
}

async function leave({ member, grant }: Guest): Promise<void> {
  const { sessions } = member.observed;
  member.observed = { ...member.observed, sessions: sessions - 1 };
  await member.beat({ closed: [{ hub: 'OFFICE', name: grant.sessionName }] });
}

/** Time passes, and these members are heard of. */
async function pass(plane: ControlPlane, ms: number, members: readonly TestMember[]) {
  for (let left = ms; left > 0; left -= 2_000) {
    plane.clock.advance(Math.min(left, 2_000));
    for (const member of members) await member.beat();
  }
}

const limited = (multiLogins: number): Partial<User> => ({
  policy: { ...defaultPolicy, multiLogins },
});

async function seatsOf({ plane }: House, scope: 'hub' | 'user' = 'hub', shards = 1) {
  const place = { hub: hubName('OFFICE'), scope, user: 'alice', shard: 0 };
  const numbers = Array.from({ length: shards }, (_, index) => index);
  const found = await plane.stores.seats.getMany(place, numbers);
  return found.flatMap(({ seats }) => seats);
}

for (const [engine, emptyTable] of engines) {
  const fact = (name: string, body: (table: Table) => Promise<void>): void => {
    test(`${engine}: ${name}`, async () => body(await emptyTable()));
  };

  fact(
    'of 30 logins at once into a hub for 11, 11 are redirected, the others told 49',
    async (table) => {
      const { plane } = await house(table, { maxSession: 11 });
      const results = await Promise.all(
        Array.from({ length: 30 }, (_, index) => plane.logIn(from(index + 1))),
      );
      assert.equal(results.filter(({ kind }) => kind === 'redirect').length, 11);
      for (const one of results) if (one.kind === 'error') assert.equal(one.code, 49);
      assert.deepEqual(
        new Set(plane.rejections().map(({ reason }) => reason)),
        new Set(['seats-undecided']),
      );
    },
  );

  fact(
    'of 12 logins of one user at once, allowed 3, 3 are redirected, the others told 49',
    async (table) => {
      const { plane } = await house(table, {}, limited(3));
      const results = await Promise.all(
        Array.from({ length: 12 }, (_, index) => plane.logIn(from(index + 1, 'alice'))),
      );
      assert.equal(results.filter(({ kind }) => kind === 'redirect').length, 3);
      for (const one of results) if (one.kind === 'error') assert.equal(one.code, 49);
    },
  );

  fact(
    'after the death of their member the seats of its sessions are free, all of them',
    async (table) => {
      const it = await house(table, { maxSession: 4 });
      const { plane, members, enter } = it;
      const guests: Guest[] = [];
      for (let id = 1; id <= 4; id += 1) guests.push(await enter(from(id)));
      assert.deepEqual(await plane.logIn(from(9)), { kind: 'error', code: 16 });
      const [dead] = members;
      const survivors = members.slice(1);
      const lost = guests.filter(({ member }) => member === dead).length;
      assert.equal(lost, 2);
      await pass(plane, 9_000, survivors);
      assert.equal((await plane.rejectionOf(from(9))).code, 49, 'perhaps its sessions live');
      await plane.deliverWatches();
      const results = await Promise.all([5, 6, 7, 8, 9].map((id) => plane.logIn(from(id))));
      assert.equal(results.filter(({ kind }) => kind === 'redirect').length, lost);
      assert.equal((await seatsOf(it)).length, 4);
    },
  );
}

test('a closed session gives its seats back at once, told once or twice', async () => {
  const it = await house(new MemoryTable(), { maxSession: 1 }, limited(1));
  const guest = await it.enter(from(1, 'alice'));
  assert.deepEqual(await it.plane.rejectionOf(from(2)), { code: 16, reason: 'hub-full' });
  assert.equal((await it.plane.rejectionOf(from(2, 'alice'))).code, 20);
  await leave(guest);
  await guest.member.beat({ closed: [{ hub: 'OFFICE', name: guest.grant.sessionName }] });
  assert.equal((await seatsOf(it)).length, 0);
  assert.equal((await seatsOf(it, 'user')).length, 0);
  await it.enter(from(2, 'alice'));
});

test('sessions of one installation do not count against themselves, others do', async () => {
  const it = await house(new MemoryTable(), {}, limited(1));
  for (let session = 0; session < 3; session += 1) await it.enter(from(1, 'alice'));
  assert.equal((await seatsOf(it, 'user')).length, 3);
  assert.deepEqual(await it.plane.rejectionOf(from(2, 'alice')), { code: 20, reason: 'user-full' });
  await it.enter(from(2, 'guest'));
});

test('without a UniqueId every session counts; zeros are none', async () => {
  for (const uniqueId of [Buffer.alloc(0), Buffer.alloc(16)]) {
    const it = await house(new MemoryTable(), {}, limited(2));
    for (let session = 0; session < 2; session += 1) await it.enter(from(1, 'alice', { uniqueId }));
    assert.equal((await it.plane.rejectionOf(from(1, 'alice', { uniqueId }))).code, 20);
  }
});

test('bridges do not count among a user, but in the hub', async () => {
  const bridge = { clientStr: 'SoftEther VPN Server (64 bit) (Cascade Mode)' };
  const it = await house(new MemoryTable(), { maxSession: 3 }, limited(1));
  await it.enter(from(1, 'alice'));
  await it.enter(from(2, 'alice', bridge));
  await it.enter(from(3, 'alice', bridge));
  assert.equal((await seatsOf(it, 'user')).length, 1);
  assert.equal((await it.plane.rejectionOf(from(4, 'alice', bridge))).code, 16);
});

test('more than one shard: exactly the limit is admitted, the last free seat found', async () => {
  const it = await house(new MemoryTable(), { maxSession: 230, seatShards: 3 });
  const { plane, enter } = it;
  const guests: Guest[] = [];
  for (let id = 0; id < 230; id += 1) guests.push(await enter(from((id % 250) + 1)));
  assert.equal((await plane.rejectionOf(from(255))).code, 16);
  assert.equal((await seatsOf(it, 'hub', 3)).length, 230);
  const last = guests[117];
  assert(last);
  await leave(last);
  await enter(from(255));
  assert.equal((await plane.rejectionOf(from(254))).code, 16);
});

test('a lowered limit admits nobody beyond it; sessions that are there stay', async () => {
  const it = await house(new MemoryTable(), { maxSession: 6 });
  const { plane, enter } = it;
  const guests: Guest[] = [];
  for (let id = 1; id <= 6; id += 1) guests.push(await enter(from(id)));
  const hub = await plane.stores.hubs.get(hubName('OFFICE'));
  assert(hub && (await plane.stores.hubs.replace({ ...hub, version: 2, maxSession: 4 }, 1)));
  for (const guest of guests.slice(0, 2)) {
    assert.equal((await plane.rejectionOf(from(9))).code, 16);
    await leave(guest);
  }
  assert.equal((await plane.rejectionOf(from(9))).code, 16);
  await leave(guests[2] as Guest);
  await enter(from(9));
});

test('a login that finds no member gives its seats back', async () => {
  const it = await house(new MemoryTable(), { maxSession: 1 }, limited(1));
  it.plane.clock.advance(8_000);
  for (let attempt = 0; attempt < 3; attempt += 1) {
    assert.equal((await it.plane.rejectionOf(from(1, 'alice'))).reason, 'no-member');
  }
  assert.equal((await seatsOf(it)).length + (await seatsOf(it, 'user')).length, 0);
});

test('a user who is rejected for the hub does not keep its own seat', async () => {
  const it = await house(new MemoryTable(), { maxSession: 1 }, limited(1));
  await it.enter(from(1));
  assert.equal((await it.plane.rejectionOf(from(2, 'alice'))).code, 16);
  assert.equal((await seatsOf(it, 'user')).length, 0);
});

test('a death after any write of a login leaks nothing beyond the life of its ticket', async () => {
  for (const kind of ['static', 'dynamic'] as const) {
    for (let death = 1; ; death += 1) {
      const it = await house(new MemoryTable(), { maxSession: 1 }, limited(1), kind);
      const { plane, table, members } = it;
      let writes = 0;
      table.diesAfter = () => {
        writes += 1;
        return writes === death;
      };
      const outcome = await plane.logIn(from(1, 'alice')).catch((error: unknown) => error);
      table.diesAfter = () => false;
      if (!(outcome instanceof InvocationDied)) {
        assert(death > 4, `${kind}: only ${death - 1} writes`);
        break;
      }
      // The same client is told to come back soon, never to stay away for a minute.
      const again = await plane.logIn(from(1, 'alice'));
      if (again.kind === 'error') assert.equal(again.code, 49, `${kind}, write ${death}`);
      await pass(plane, 70_000, members);
      await it.enter(from(2, 'alice'));
      assert.equal((await seatsOf(it)).length, 1);
    }
  }
});

test('a seat is held while its ticket may be redeemed, and is free after', async () => {
  const it = await house(new MemoryTable(), { maxSession: 1 });
  const { plane, members } = it;
  await plane.redirectOf(from(1));
  const soon = { code: 49, reason: 'seats-undecided' };
  assert.deepEqual(await plane.rejectionOf(from(2)), soon);
  assert.deepEqual(await plane.rejectionOf(from(1)), soon);
  await pass(plane, 68_000, members);
  assert.deepEqual(await plane.rejectionOf(from(2)), soon);
  await pass(plane, 2_000, members);
  await it.enter(from(2));
});

test('a member that joins anew: its dead are free, once it has told who survived', async () => {
  const it = await house(new MemoryTable(), { maxSession: 2 });
  const { plane, enter } = it;
  const one = await enter(from(1));
  const two = await enter(from(2));
  assert.notEqual(one.member, two.member);
  await one.member.join();
  assert.equal((await plane.rejectionOf(from(3))).code, 49);
  await one.member.beat();
  assert.equal((await plane.rejectionOf(from(3))).code, 49, 'lists are bounded: perhaps the next');
  await one.member.beat();
  await enter(from(3));
  assert.equal((await plane.rejectionOf(from(4))).code, 16);
});

test('a session that survived its epoch keeps its seat, or gets one beyond the limit', async () => {
  const it = await house(new MemoryTable(), { maxSession: 1 });
  const { plane, members, enter } = it;
  const survivor = await enter(from(1));
  const report = { ...reportOf(plane, from(1), survivor.grant) };
  await survivor.member.join();
  await survivor.member.beat({ opened: [report] });
  await survivor.member.beat();
  assert.equal((await plane.rejectionOf(from(2))).code, 16, 'it is told again and sits');

  const others = members.filter((member) => member !== survivor.member);
  await pass(plane, 12_000, others);
  await plane.deliverWatches();
  const second = await enter(from(2));
  assert.equal((await seatsOf(it)).length, 1);
  await survivor.member.join();
  await survivor.member.beat({ opened: [report] });
  assert.equal((await seatsOf(it)).length, 2, 'what is there is counted');
  await leave(second);
  assert.equal((await plane.rejectionOf(from(3))).code, 16);
  await leave(survivor);
  await enter(from(3));
});

test('a ticket that is redeemed to no avail frees its seats at once', async () => {
  const it = await house(new MemoryTable(), { maxSession: 1 }, limited(1));
  const { plane, members } = it;
  const redirect = await plane.redirectOf(from(1, 'alice'));
  const hub = await plane.stores.hubs.get(hubName('OFFICE'));
  assert(hub && (await plane.stores.hubs.replace({ ...hub, version: 2, online: false }, 1)));
  const member = members.find(({ request }) => request.address === redirect.address);
  assert.equal((await member?.redeem(ticketDigest(redirect.ticket)))?.kind, 'problem');
  assert.equal((await seatsOf(it)).length + (await seatsOf(it, 'user')).length, 0);
});

test('writes that are sent again by the SDK take and give back one seat', async () => {
  const it = await house(new MemoryTable(), { maxSession: 2 });
  it.table.repeats = ({ key }) => key.sk.startsWith('SEATS#');
  const guest = await it.enter(from(1));
  await it.enter(from(2));
  assert.equal((await seatsOf(it)).length, 2);
  await leave(guest);
  assert.equal((await seatsOf(it)).length, 1);
});

test('without limits no seat is looked for', async () => {
  const it = await house(new MemoryTable(), {});
  const { grant } = await it.enter(from(1, 'alice'));
  assert.equal(grant.seats, undefined);
  assert.equal((await seatsOf(it)).length + (await seatsOf(it, 'user')).length, 0);
});
