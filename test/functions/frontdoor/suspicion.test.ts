import assert from 'node:assert/strict';
import { test } from 'node:test';
import { admissionsPerHeartbeatMax } from '#functions/domain/admission.ts';
import { ticketDigest } from '#functions/domain/ticket.ts';
import { hubName, type MemberId } from '#shared/kernel/ids.ts';
import { MemoryTable } from '#test/support/memory-table.ts';
import { ControlPlane } from '../control-plane.ts';
import { FaultyTable } from '../faulty-table.ts';
import type { LoginWish } from '../login-wish.ts';
import { sessionReport, type TestMember } from '../test-member.ts';

const addresses = ['192.0.2.1', '192.0.2.2', '192.0.2.3'];

class Fleet {
  readonly table = new FaultyTable(new MemoryTable());
  readonly plane = new ControlPlane(this.table);
  readonly members: TestMember[] = [];
  /** Clients do not get through to these. */
  readonly unreachable = new Set<string>();
  #client = 0;

  async start(size: number): Promise<this> {
    for (const [name, kind] of [['STATIC', 'static'] as const, ['DYNAMIC', 'dynamic'] as const]) {
      await this.plane.createHub(name, kind);
      await this.plane.createUser(name, 'guest', undefined);
    }
    for (const [index, address] of addresses.slice(0, size).entries()) {
      this.members.push(await this.plane.startMember(`i-${index + 1}`, { address }));
    }
    return this;
  }

  /** A client that was never here; with `number` the same one as before. */
  client(hub = 'STATIC', number = this.#next()): LoginWish {
    const uniqueId = Buffer.alloc(16);
    uniqueId.writeUInt32BE(number);
    return { hub, user: 'guest', changes: { uniqueId } };
  }

  /** One attempt: where it was sent, and the session if it got there. */
  async attempt(wish: LoginWish): Promise<string> {
    const redirect = await this.plane.redirectOf(wish);
    const member = this.members[addresses.indexOf(redirect.address)];
    assert(member);
    if (this.unreachable.has(redirect.address)) return redirect.address;
    const reply = await member.redeem(ticketDigest(redirect.ticket));
    assert(reply.kind === 'ok', JSON.stringify(reply));
    const { sessions } = member.observed;
    member.observed = { ...member.observed, sessions: sessions + 1 };
    const report = sessionReport(wish.hub, reply.value.sessionName, 'guest');
    const uniqueId = wish.changes?.uniqueId?.toString('hex') ?? '';
    await member.beat({ opened: [{ ...report, uniqueId }] });
    return redirect.address;
  }

  async pass(ms: number): Promise<void> {
    for (let left = ms; left > 0; left -= 2_000) {
      this.plane.clock.advance(Math.min(left, 2_000));
      for (const member of this.members) await member.beat();
    }
  }

  async attempts(count: number, everyMs: number): Promise<string[]> {
    const seen: string[] = [];
    for (let attempt = 0; attempt < count; attempt += 1) {
      seen.push(await this.attempt(this.client()));
      await this.pass(everyMs);
    }
    return seen;
  }

  #next(): number {
    this.#client += 1;
    return this.#client;
  }
}

function timesAt(destinations: readonly string[], address: string): number {
  return destinations.filter((one) => one === address).length;
}

test('a member with heartbeats that nobody gets through to is avoided, then tried', async () => {
  const fleet = await new Fleet().start(3);
  const gray = addresses[0] as string;
  fleet.unreachable.add(gray);
  const at = async () => timesAt(await fleet.attempts(15, 2_000), gray);
  // Idle as it seems, it is the least loaded of all: without suspicion it would get everybody.
  assert((await at()) <= 4, 'three, and one on the way when it was noticed');
  const member = await fleet.plane.stores.members.get(memberOf(fleet, 0));
  assert((member?.unredeemed ?? 0) >= 3);
  const later = await at();
  assert(later >= 1 && later <= 2, `one client each half minute: ${later}`);
});

test('a member that can be reached again is readmitted by the first to try it', async () => {
  const fleet = await new Fleet().start(2);
  const gray = addresses[0] as string;
  fleet.unreachable.add(gray);
  await fleet.attempts(12, 2_000);
  fleet.unreachable.clear();
  await fleet.pass(30_000);
  const seen = await fleet.attempts(10, 2_000);
  assert(timesAt(seen, gray) >= 8, `it has catching up to do: ${seen}`);
  const member = await fleet.plane.stores.members.get(memberOf(fleet, 0));
  assert.deepEqual([member?.unredeemed, member?.suspectedMs], [0, 0]);
});

test('while it is tried by one client nobody else is sent there', async () => {
  const fleet = await new Fleet().start(2);
  const gray = addresses[0] as string;
  fleet.unreachable.add(gray);
  await fleet.attempts(12, 2_000);
  await fleet.pass(30_000);
  const logins = Array.from({ length: 8 }, () => fleet.plane.redirectOf(fleet.client()));
  const seen = (await Promise.all(logins)).map(({ address }) => address);
  assert.equal(timesAt(seen, gray), 1);
});

test('if all are suspected, clients are sent to them all the same', async () => {
  const fleet = await new Fleet().start(1);
  fleet.unreachable.add(addresses[0] as string);
  assert.equal((await fleet.attempts(10, 4_000)).length, 10);
});

test('a client that comes back at once is sent elsewhere', async () => {
  const fleet = await new Fleet().start(3);
  for (const address of addresses) fleet.unreachable.add(address);
  const seen: string[] = [];
  for (let attempt = 0; attempt < 6; attempt += 1) {
    seen.push(await fleet.attempt(fleet.client('STATIC', 7)));
    await fleet.pass(10_000);
  }
  assert.equal(new Set(seen.slice(0, 3)).size, 3, `${seen}`);
});

test('a client back at a live dynamic hub is told 49 once, and sent there again', async () => {
  const fleet = await new Fleet().start(2);
  const wish = fleet.client('DYNAMIC', 7);
  for (const address of addresses) fleet.unreachable.add(address);
  const first = await fleet.attempt(wish);
  await fleet.pass(2_000);
  assert.equal(await fleet.attempt(wish), first, 'too soon to have failed: another session of it');
  await fleet.pass(10_000);
  assert.deepEqual(await fleet.plane.rejectionOf(wish), { code: 49, reason: 'not-reached' });
  await fleet.pass(6_000);
  assert.equal(await fleet.attempt(wish), first);
  await fleet.attempt(fleet.client('DYNAMIC'));
  assert.equal((await fleet.plane.stores.placements.get(hubName('DYNAMIC')))?.epoch, 1);
});

test('a client whose session was seen, or that was not heard of for a minute, is new', async () => {
  const fleet = await new Fleet().start(2);
  const wish = fleet.client('DYNAMIC', 7);
  const first = await fleet.attempt(wish);
  await fleet.pass(10_000);
  fleet.unreachable.add(first);
  assert.equal(await fleet.attempt(wish), first);
  await fleet.pass(62_000);
  assert.equal(await fleet.attempt(wish), first);
});

test('while all is well nothing more is written than without suspicion', async () => {
  const fleet = await new Fleet().start(2);
  let writes = 0;
  fleet.table.before = async () => {
    writes += 1;
  };
  await fleet.plane.redirectOf(fleet.client());
  assert.equal(writes, 2, 'the place and the ticket');
  await fleet.members[0]?.beat();
  assert.equal(writes, 3, 'a heartbeat is one write');
});

test('between two heartbeats a member is sent so many, then the next one, then 49', async () => {
  const fleet = await new Fleet().start(2);
  const [one, two] = [memberOf(fleet, 0), memberOf(fleet, 1)];
  const { stores, clock } = fleet.plane;
  for (const id of [one, two]) {
    for (let taken = 0; taken < admissionsPerHeartbeatMax; taken += 1) {
      assert.equal((await stores.members.reserve(id, 1, clock.nowMs())).kind, 'reserved');
    }
    assert.equal((await stores.members.reserve(id, 1, clock.nowMs())).kind, 'refused');
    if (id === one) {
      const redirect = await fleet.plane.redirectOf(fleet.client());
      assert.equal(redirect.address, addresses[1]);
      await fleet.members[1]?.beat();
    }
  }
  const tired = { code: 49, reason: 'admission-rate' };
  assert.deepEqual(await fleet.plane.rejectionOf(fleet.client()), tired);
  await fleet.members[1]?.beat();
  assert.equal((await fleet.plane.redirectOf(fleet.client())).address, addresses[1]);
});

function memberOf(fleet: Fleet, index: number): MemberId {
  const member = fleet.members[index];
  assert(member);
  return member.memberId;
}
