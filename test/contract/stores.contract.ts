import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Hub } from '#functions/store/hub-store.ts';
import { keyOf } from '#functions/store/keys.ts';
import { tableTag } from '#functions/store/member-item.ts';
import { type Stores, storesOver } from '#functions/store/stores.ts';
import { always, type Table } from '#functions/store/table.ts';
import type { TicketRecord } from '#functions/store/ticket-store.ts';
import type { User } from '#functions/store/user-store.ts';
import type { Observed } from '#shared/contract/heartbeat.ts';
import type { JoinRequest } from '#shared/contract/member.ts';
import { hubName, memberId } from '#shared/kernel/ids.ts';
import { defaultPolicy } from '#shared/wire/policy.ts';
import { WrappedTable } from '#test/support/wrapped-table.ts';

const id = memberId('i-a');
const other = memberId('i-b');
const nowMs = 1_000_000;
const leaseMs = nowMs + 8_000;

const joinRequest: JoinRequest = {
  address: '192.0.2.1',
  ports: [5555],
  certificate: 'AAEC',
  weight: 100,
  capacity: 10,
  agentVersion: 'test',
};

function observed(seq: number, changes: Partial<Observed> = {}): Observed {
  return {
    ...{ epoch: 1, seq, state: 'active', sessions: 0, connections: 0, hubs: 0 },
    ...{ opened: [], closed: [], released: [], done: [] },
    ...changes,
  };
}

function hubOf(changes: Partial<Hub> = {}): Hub {
  return {
    name: hubName('Office'),
    kind: 'dynamic',
    version: 1,
    online: true,
    maxSession: 0,
    noEnum: false,
    sessionTimeoutMs: 5_000,
    message: '',
    createdMs: nowMs,
    ...changes,
  };
}

function userOf(changes: Partial<User> = {}): User {
  return {
    ...{ name: 'Alice', version: 1, groupName: '', realname: '', note: '' },
    auth: { kind: 'password', sealedKey: new Uint8Array([1, 2, 3]) },
    ...{ expiresMs: 0, createdMs: 1, updatedMs: 1, logins: 0, lastLoginMs: 0 },
    ...changes,
  };
}

/** The same items under another name, as a recovery leaves them. */
class Restored extends WrappedTable {
  override get name(): string {
    return 'restored';
  }
}

/** Every aggregate's races between two writers, on one engine. Each test gets an empty table. */
export function storesContract(engine: string, emptyTable: () => Promise<Table>): void {
  const fact = (name: string, body: (stores: Stores, table: Table) => Promise<void>): void => {
    test(`${engine}: ${name}`, async () => {
      const table = await emptyTable();
      await body(storesOver(table), table);
    });
  };
  /** A member with its first heartbeat in. */
  const joined = async ({ members }: Stores): Promise<void> => {
    const member = await members.join(id, joinRequest, leaseMs, nowMs);
    assert(typeof member === 'object');
    assert.equal((await members.renew(id, observed(1), leaseMs, nowMs)).kind, 'renewed');
  };

  fact('member: everything stored is read back', async (stores, table) => {
    await joined(stores);
    const member = await stores.members.get(id);
    assert.deepEqual(
      { ...member, certificate: [...(member?.certificate ?? [])] },
      {
        ...{ memberId: 'i-a', state: 'active', epoch: 1, seq: 1, leaseExpiresMs: leaseMs },
        ...{
          joinedMs: nowMs,
          heldSinceMs: nowMs,
          priorLeaseExpiresMs: 0,
          address: '192.0.2.1',
          ports: [5555],
        },
        ...{ certificate: [0, 1, 2], weight: 100, capacity: 10, sessions: 0, connections: 0 },
        ...{ hubs: 0, reserved: 0, reservedNew: 0, headroom: 10, agentVersion: 'test', orders: [] },
        table: tableTag(table.name),
      },
    );
    assert.deepEqual(await stores.members.getMany([other, id]), [member]);
  });

  fact(
    'member: of before items named their table, is a stranger to a restored one',
    async (stores, table) => {
      await joined(stores);
      const { members } = stores;
      const key = keyOf.member(id);
      await table.update(key, { remove: ['table'] }, always);
      assert.equal((await members.renew(id, observed(2), leaseMs, nowMs)).kind, 'renewed');
      const restored = storesOver(new Restored(table)).members;
      const renewal = await restored.renew(id, observed(3), leaseMs, nowMs);
      assert.equal(renewal.kind, 'stale-epoch');
    },
  );

  fact('member: joins at once get different epochs or are told to ask again', async (stores) => {
    const outcomes = await Promise.all(
      Array.from({ length: 4 }, () => stores.members.join(id, joinRequest, leaseMs, nowMs)),
    );
    const epochs = outcomes.flatMap((outcome) =>
      typeof outcome === 'object' ? outcome.epoch : [],
    );
    assert.equal(new Set(epochs).size, epochs.length);
    assert.equal((await stores.members.get(id))?.epoch, Math.max(...epochs));
  });

  fact('member: more reservations at once than places: as many as places', async (stores) => {
    await joined(stores);
    const outcomes = await Promise.all(
      Array.from({ length: 15 }, () => stores.members.reserve(id, 1, nowMs)),
    );
    assert.equal(outcomes.filter(({ kind }) => kind === 'reserved').length, 10);
    const member = await stores.members.get(id);
    assert.deepEqual([member?.reserved, member?.headroom], [10, 0]);
  });

  fact('member: of reservations of the same place at once one gets it', async (stores) => {
    await joined(stores);
    const seen = await stores.members.get(id);
    const outcomes = await Promise.all(
      Array.from({ length: 5 }, () =>
        stores.members.reserve(id, 1, nowMs, seen && { asSeen: seen }),
      ),
    );
    assert.equal(outcomes.filter(({ kind }) => kind === 'reserved').length, 1);
    for (const outcome of outcomes) {
      if (outcome.kind === 'refused') assert((outcome.current?.reserved ?? 0) >= 1);
    }
  });

  fact('member: no place at another epoch, without a lease, or in a drain', async (stores) => {
    await joined(stores);
    const refused = async (epoch: number, atMs: number): Promise<void> => {
      assert.equal((await stores.members.reserve(id, epoch, atMs)).kind, 'refused');
    };
    await refused(2, nowMs);
    await refused(1, leaseMs);
    assert.equal(await stores.members.beginDrain(id, 5), 'draining');
    await refused(1, nowMs);
    assert.equal((await stores.members.get(id))?.reserved, 0);
  });

  fact('member: reservations, orders and a renewal at once all count', async (stores) => {
    await joined(stores);
    const order = (orderId: string) =>
      ({ kind: 'remove', id: orderId, hub: hubName('Office') }) as const;
    await stores.members.order(id, order('old'));
    await Promise.all([
      stores.members.renew(id, observed(2, { sessions: 1, done: ['old'] }), leaseMs + 1, nowMs),
      stores.members.reserve(id, 1, nowMs),
      stores.members.order(id, order('new')),
      stores.members.reserve(id, 1, nowMs),
    ]);
    const member = await stores.members.get(id);
    assert.equal(member?.seq, 2);
    assert.deepEqual(
      member?.orders.map((one) => one.id),
      ['new'],
    );
    assert.equal(member && member.headroom + member.sessions + member.reserved, member?.capacity);
  });

  fact(
    'member: one hub has its share of orders, however many at once; another its own',
    async (stores) => {
      await joined(stores);
      const put = (hub: string, count: number) =>
        Promise.all(
          Array.from({ length: count }, (_, at) =>
            stores.members.order(id, {
              kind: 'disconnect',
              id: `${hub}${at}`,
              hub,
              session: `S${at}`,
            }),
          ),
        );
      const greedy = await put('Greedy', 80);
      const share = 50;
      assert.equal(greedy.filter(({ kind }) => kind === 'waits').length, share);
      assert((await put('Other', 3)).every(({ kind }) => kind === 'waits'));
      const waiting = (await stores.members.get(id))?.orders;
      assert.equal(waiting?.length, share + 3);
      const done = waiting.map((order) => order.id);
      await stores.members.renew(id, observed(2, { done }), leaseMs, nowMs);
      assert((await put('Greedy', 1)).every(({ kind }) => kind === 'waits'));
    },
  );

  fact('member: the same inquired by many at once is asked a few times at most', async (stores) => {
    await joined(stores);
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, at) =>
        stores.members.order(id, {
          ...{ kind: 'inquire', id: `id-${at}`, hub: 'Office', table: 'mac', untilMs: nowMs + 1 },
        }),
      ),
    );
    const asked = (await stores.members.get(id))?.orders.map((order) => order.id) ?? [];
    assert(asked.length <= 4, `${asked.length} inquiries`);
    for (const answer of answers) {
      assert(answer.kind === 'waits' && asked.includes(answer.id), JSON.stringify(answer));
    }
  });

  fact('member: a renewal and a loss at once: one of them, never both', async (stores) => {
    await joined(stores);
    const [renewal, lost] = await Promise.all([
      stores.members.renew(id, observed(2), leaseMs + 9_000, leaseMs),
      stores.members.markLost(id, 1, leaseMs),
    ]);
    assert.equal(renewal.kind === 'renewed', !lost);
    assert.equal((await stores.members.get(id))?.state, lost ? 'lost' : 'active');
  });

  fact('member: a loss needs the very epoch and a lease that is over', async (stores) => {
    await joined(stores);
    assert.equal(await stores.members.markLost(id, 1, leaseMs - 1), false);
    assert.equal(await stores.members.markLost(id, 2, leaseMs), false);
    assert.equal(await stores.members.markLost(id, 1, leaseMs), true);
    assert.equal(await stores.members.markLost(id, 1, leaseMs), false, 'once');
    const renewal = await stores.members.renew(id, observed(2), leaseMs + 9_000, leaseMs);
    assert.equal(renewal.kind, 'stale-epoch');
  });

  fact('member: forgotten at the epoch it ended with, not at a later one', async (stores) => {
    await joined(stores);
    await stores.members.forget(id, 0);
    assert.deepEqual(await stores.members.ids(), [id]);
    await stores.members.forget(id, 1);
    assert.deepEqual(await stores.members.ids(), []);
  });

  fact('placement: of claims at once one is written, the others see it', async (stores) => {
    const hub = hubName('Office');
    const claims = await Promise.all(
      ['i-1', 'i-2', 'i-3'].map((member) =>
        stores.placements.claim(hub, undefined, { memberId: memberId(member), epoch: 1 }, nowMs),
      ),
    );
    const winners = claims.filter((claim) => claim.kind === 'claimed');
    assert.equal(winners.length, 1);
    const stored = await stores.placements.get(hub);
    assert.equal(stored?.epoch, 1);
    for (const claim of claims) {
      if (claim.kind === 'refused') assert.deepEqual(claim.current, stored);
    }
  });

  fact('placement: our own claim, tried again after it had succeeded, stands', async (stores) => {
    const hub = hubName('Office');
    const member = { memberId: id, epoch: 1 };
    await stores.placements.claim(hub, undefined, member, nowMs);
    const again = await stores.placements.claim(hub, undefined, member, nowMs);
    assert.equal(again.kind === 'claimed' && again.placement.epoch, 1);
  });

  fact('placement: a claim upon what has begun to be released is refused', async (stores) => {
    const hub = hubName('Office');
    await stores.placements.claim(hub, undefined, { memberId: id, epoch: 1 }, nowMs);
    const seen = await stores.placements.get(hub);
    assert.equal(await stores.placements.beginRelease(hub, 1), true);
    const claim = await stores.placements.claim(hub, seen, { memberId: other, epoch: 1 }, nowMs);
    assert.equal(claim.kind === 'refused' && claim.current?.phase, 'releasing');
  });

  fact('placement: a release and a claim at once: epochs only grow', async (stores) => {
    const hub = hubName('Office');
    await stores.placements.claim(hub, undefined, { memberId: id, epoch: 1 }, nowMs);
    const seen = await stores.placements.get(hub);
    const [released, claim] = await Promise.all([
      stores.placements.release(hub, id, 1),
      stores.placements.claim(hub, seen, { memberId: other, epoch: 1 }, nowMs),
    ]);
    assert.equal(released, claim.kind === 'refused', 'one of the two');
    assert.equal((await stores.placements.get(hub))?.epoch, 2);
    assert.equal(await stores.placements.release(hub, id, 1), false, 'told twice');
  });

  fact('ticket: of redemptions at once one gets the grant, whole', async (stores) => {
    const ticket: TicketRecord = {
      memberId: id,
      memberEpoch: 1,
      expiresMs: nowMs + 60_000,
      grant: {
        sessionName: 'SID-ALICE-1',
        user: 'Alice',
        hub: { name: 'Office', kind: 'dynamic', version: 1, online: true },
        placementEpoch: 1,
        policy: { ...defaultPolicy, maxConnection: 8 },
        sessionTimeoutMs: 5_000,
        singleConnection: false,
        message: 'ü',
      },
    };
    await stores.tickets.put('d', ticket);
    const at = { memberId: id, epoch: 1 };
    assert.equal(await stores.tickets.redeem('d', { ...at, epoch: 2 }, nowMs), undefined);
    assert.equal(await stores.tickets.redeem('d', { ...at, memberId: other }, nowMs), undefined);
    assert.equal(await stores.tickets.redeem('d', at, ticket.expiresMs), undefined);
    const grants = await Promise.all(
      Array.from({ length: 4 }, () => stores.tickets.redeem('d', at, nowMs)),
    );
    assert.deepEqual(
      grants.filter((grant) => grant !== undefined),
      [ticket.grant],
    );
  });

  fact(
    'hub: of creations at once one is written; of changes of one version too',
    async (stores) => {
      const created = await Promise.all(
        [1, 2, 3].map((maxSession) => stores.hubs.create(hubOf({ maxSession }))),
      );
      assert.equal(created.filter(Boolean).length, 1);
      const replaced = await Promise.all(
        [4, 5].map((maxSession) => stores.hubs.replace(hubOf({ version: 2, maxSession }), 1)),
      );
      assert.equal(replaced.filter(Boolean).length, 1);
      assert.equal((await stores.hubs.get(hubName('OFFICE')))?.version, 2);
    },
  );

  fact('hub: one created while its namesake is being removed stays listed', async (stores) => {
    await stores.hubs.create(hubOf());
    const [removed] = await Promise.all([
      stores.hubs.remove(hubName('Office')),
      stores.hubs.create(hubOf({ createdMs: nowMs + 1 })),
    ]);
    assert.equal(removed, true);
    const exists = (await stores.hubs.get(hubName('Office'))) !== undefined;
    const listed: string[] = [];
    for await (const hub of stores.hubs.list()) listed.push(hub.name);
    assert.deepEqual(listed, exists ? ['Office'] : []);
    assert.equal(await stores.hubs.remove(hubName('Office')), exists);
  });

  fact('hub: more than one batch is listed, by name', async (stores) => {
    const names = Array.from({ length: 120 }, (_, index) => `h${String(index).padStart(3, '0')}`);
    for (const name of names) await stores.hubs.create(hubOf({ name: hubName(name) }));
    const listed: string[] = [];
    for await (const hub of stores.hubs.list()) listed.push(hub.name);
    assert.deepEqual(listed, names);
  });

  fact('user: a change and a login at once: both count', async (stores) => {
    const hub = hubName('Office');
    await stores.users.create(hub, userOf({ policy: defaultPolicy }));
    const seen = await stores.users.get(hub, 'ALICE');
    assert(seen);
    await stores.users.countLogin(hub, 'alice', 7);
    const { policy: _policy, ...plain } = seen;
    assert(await stores.users.replace(hub, { ...plain, version: 2, note: 'x' }, 1));
    const after = await stores.users.get(hub, 'alice');
    assert.deepEqual([after?.logins, after?.lastLoginMs, after?.note], [1, 7, 'x']);
    assert.equal(after?.policy, undefined);
    assert.equal(await stores.users.replace(hub, { ...plain, version: 2 }, 1), false);
  });

  fact('user: a login of a user deleted meanwhile does not bring it back', async (stores) => {
    const hub = hubName('Office');
    await stores.users.create(hub, userOf());
    assert.equal(await stores.users.remove(hub, 'alice'), true);
    await stores.users.countLogin(hub, 'alice', 7);
    assert.equal(await stores.users.get(hub, 'alice'), undefined);
    assert.equal(await stores.users.remove(hub, 'alice'), false);
  });

  fact('server: a password that was set is read back', async (stores) => {
    assert.equal((await stores.server.get()).sealedPassword, undefined);
    await stores.server.setPassword(new Uint8Array([9]));
    assert.deepEqual([...((await stores.server.get()).sealedPassword ?? [])], [9]);
  });
}
