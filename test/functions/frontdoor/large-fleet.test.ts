import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ticketDigest } from '#functions/domain/ticket.ts';
import { candidatesMax } from '#functions/frontdoor/admission.ts';
import type { Item, Key } from '#functions/store/table.ts';
import { hubName } from '#shared/kernel/ids.ts';
import { MemoryTable } from '#test/support/memory-table.ts';
import { ControlPlane } from '../control-plane.ts';
import type { TestMember } from '../test-member.ts';

/** Counts the items that batches read. */
class CountingTable extends MemoryTable {
  batched = 0;

  override async getMany(keys: readonly Key[]): Promise<readonly (Item | undefined)[]> {
    this.batched += keys.length;
    return super.getMany(keys);
  }
}

interface Fleet {
  readonly plane: ControlPlane;
  readonly table: CountingTable;
  readonly members: readonly TestMember[];
}

async function fleet(size: number, hubs: readonly string[] = []): Promise<Fleet> {
  const table = new CountingTable();
  const plane = new ControlPlane(table, 1);
  await plane.createHub('STATIC', 'static');
  for (const hub of hubs) await plane.createHub(hub, 'dynamic');
  for (const hub of ['STATIC', ...hubs]) await plane.createUser(hub, 'guest', undefined);
  const members: TestMember[] = [];
  for (let index = 0; index < size; index += 1) {
    const address = `192.0.2.${index + 1}`;
    members.push(await plane.startMember(`i-${String(index).padStart(3, '0')}`, { address }));
  }
  return { plane, table, members };
}

const guest = (hub: string) => ({ hub, user: 'guest' });

test('a login of a fleet of 60 reads 16 members, and they fill evenly', async () => {
  const { plane, table } = await fleet(60);
  for (let login = 0; login < 180; login += 1) {
    const before = table.batched;
    await plane.redirectOf(guest('STATIC'));
    assert.equal(table.batched - before, candidatesMax);
  }
  const members = await plane.stores.members.getMany(await plane.stores.members.ids());
  const counts = members.map((member) => member.reserved);
  assert(Math.max(...counts) <= 5, `${counts}`);
});

test('where no candidate will do, more are looked at before a client is turned away', async () => {
  const { plane, members } = await fleet(40);
  const free = members.at(-1);
  for (const member of members) {
    if (member === free) continue;
    member.observed = { ...member.observed, sessions: 1_000 };
    await member.beat();
  }
  for (let login = 0; login < 5; login += 1) {
    assert.equal((await plane.redirectOf(guest('STATIC'))).address, free?.request.address);
  }
  if (free !== undefined) {
    free.observed = { ...free.observed, sessions: 1_000 };
    await free.beat();
  }
  const { code, reason } = await plane.rejectionOf(guest('STATIC'));
  assert.deepEqual([code, reason], [49, 'no-headroom']);
});

/** A placement that remembers how large the hub was; its member has let go of it. */
async function remember(plane: ControlPlane, hub: string, usual: number): Promise<void> {
  const [member] = await plane.stores.members.getMany(await plane.stores.members.ids());
  assert(member !== undefined);
  await plane.stores.placements.claim(hubName(hub), undefined, member, 0);
  assert(await plane.stores.placements.release(hubName(hub), member.memberId, 1, usual));
}

test('large hubs claimed at the same moment do not meet on one member', async () => {
  const hubs = ['A', 'B', 'C', 'D'];
  for (let round = 0; round < 10; round += 1) {
    const { plane } = await fleet(4, hubs);
    for (const hub of hubs) await remember(plane, hub, 300);
    const seen = await Promise.all(hubs.map((hub) => plane.redirectOf(guest(hub))));
    assert.equal(new Set(seen.map((redirect) => redirect.address)).size, 4);
  }
});

test('the next hub is put by what the first usually brings, not by its first client', async () => {
  const { plane, members } = await fleet(2, ['LARGE', 'SMALL']);
  await remember(plane, 'LARGE', 200);
  const large = await plane.redirectOf(guest('LARGE'));
  for (const member of members) await member.beat(); // the client is not there yet
  for (let login = 0; login < 20; login += 1) {
    const { address } = await plane.redirectOf(guest('STATIC'));
    assert.notEqual(address, large.address);
  }
  assert.notEqual((await plane.redirectOf(guest('SMALL'))).address, large.address);
});

test('what members tell of a hub outlives releases, claims and their own loss', async () => {
  const { plane, members } = await fleet(2, ['HUB']);
  const { placements } = plane.stores;
  const usual = async (): Promise<number | undefined> =>
    (await placements.get(hubName('HUB')))?.usual;
  const { address } = await plane.redirectOf(guest('HUB'));
  const host = members.find((member) => member.request.address === address);
  assert(host !== undefined);
  assert.equal(await usual(), undefined);
  await host.beat({ usual: [{ name: 'HUB', epoch: 1, usual: 12 }] });
  assert.equal(await usual(), 12);
  await host.beat({ usual: [{ name: 'HUB', epoch: 7, usual: 99 }] });
  assert.equal(await usual(), 12, 'I3: another epoch says nothing');
  await host.beat({ released: [{ name: 'HUB', epoch: 1, usual: 14 }] });
  assert.equal(await usual(), 14);
  await host.beat({ usual: [{ name: 'HUB', epoch: 1, usual: 3 }] });
  assert.equal(await usual(), 14, 'told late, of an epoch that is over');
  await plane.redirectOf(guest('HUB'));
  assert.equal(await usual(), 14);
});

test('the member that opens a hub is told what it usually has', async () => {
  const { plane, members } = await fleet(1, ['HUB']);
  await remember(plane, 'HUB', 40);
  const [host] = members;
  assert(host !== undefined);
  const { ticket } = await plane.redirectOf(guest('HUB'));
  const grant = await host.redeem(ticketDigest(ticket));
  assert(grant.kind === 'ok');
  assert.equal(grant.value.usual, 40);
});

test('what a member awaits is counted until it says otherwise', async () => {
  const { plane, members } = await fleet(1);
  const [member] = members;
  assert(member !== undefined);
  const awaited = async (): Promise<number | undefined> =>
    (await plane.stores.members.get(member.memberId))?.awaited;
  await member.beat({ awaited: 120 });
  assert.equal(await awaited(), 120);
  await plane.redirectOf(guest('STATIC'));
  const candidate = { member: 'i-000', verdict: 'eligible', sessions: 0, reserved: 0 };
  assert.deepEqual(plane.log.of('login.redirected').at(-1)?.['candidates'], [
    { ...candidate, point: 88_000, awaited: 120 },
  ]);
  await member.beat({ awaited: 0 });
  assert.equal(await awaited(), 0);
});

test('a member that joins beside busy ones gets a part of a burst, not all of it', async () => {
  const { plane, members } = await fleet(3);
  for (const member of members) {
    member.observed = { ...member.observed, sessions: 500 };
    await member.beat();
  }
  await plane.startMember('i-new', { address: '192.0.2.99' });
  const seen: string[] = [];
  for (let login = 0; login < 200; login += 1) {
    seen.push((await plane.redirectOf(guest('STATIC'))).address);
  }
  const fresh = seen.filter((address) => address === '192.0.2.99').length;
  assert(fresh > 50 && fresh <= 51 + 0.4 * 200, `${fresh} of 200`);
});

test('a hub of a handful is counted with its first client', async () => {
  const { plane, members } = await fleet(2, ['HUB']);
  await remember(plane, 'HUB', 10);
  const { address } = await plane.redirectOf(guest('HUB'));
  const host = members.find((member) => member.request.address === address);
  assert(host !== undefined);
  const stored = await plane.stores.members.get(host.memberId);
  assert.deepEqual([stored?.reserved, stored?.pledged, stored?.headroom], [1, 9, 999]);
});
