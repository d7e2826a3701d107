import assert from 'node:assert/strict';
import { test } from 'node:test';
import { endedKeptMs } from '#functions/domain/sweep.ts';
import { heartbeatListMax, type Order } from '#shared/contract/heartbeat.ts';
import { agentRoutes } from '#shared/contract/routes.ts';
import { timing } from '#shared/contract/timing.ts';
import { hubName, memberId } from '#shared/kernel/ids.ts';
import { MemoryTable } from '#test/support/memory-table.ts';
import { ControlPlane } from '../control-plane.ts';
import { FaultyTable, InvocationDied } from '../faulty-table.ts';
import { sessionReport, type TestMember } from '../test-member.ts';

const hub = hubName('OFFICE');
const id = memberId('i-a');

async function started(): Promise<{
  plane: ControlPlane;
  table: FaultyTable;
  member: TestMember;
  sessions: () => Promise<string[]>;
}> {
  const table = new FaultyTable(new MemoryTable());
  const plane = new ControlPlane(table);
  await plane.createHub('OFFICE', 'static');
  await plane.createUser('OFFICE', 'alice', 'pw');
  const member = await plane.startMember('i-a');
  const sessions = async (): Promise<string[]> => {
    const names: string[] = [];
    for await (const session of plane.stores.sessions.list(hub)) names.push(session.name);
    return names;
  };
  return { plane, table, member, sessions };
}

test('a heartbeat renews the lease and stores what was observed', async () => {
  const { plane, member } = await started();
  plane.clock.advance(2_000);
  member.observed = { state: 'active', sessions: 7, connections: 9, hubs: 2 };
  const { state, orders } = await member.beat();
  assert.deepEqual({ state, orders }, { state: 'active', orders: [] });
  const stored = await plane.stores.members.get(id);
  assert.equal(stored?.leaseExpiresMs, plane.clock.nowMs() + timing.leaseTtlMs);
  assert.deepEqual(
    [stored?.sessions, stored?.connections, stored?.hubs, stored?.headroom],
    [7, 9, 2, 993],
  );
});

test('a heartbeat of a stale epoch changes nothing', async () => {
  const { plane, member } = await started();
  await member.join();
  await member.beat();
  const before = await plane.stores.members.get(id);
  const stale = await member.post(agentRoutes.heartbeat, {
    ...{ epoch: 1, seq: 99, state: 'draining', sessions: 5, connections: 5, hubs: 5 },
    ...{ opened: [sessionReport('OFFICE', 'S', 'alice')], closed: [], released: [], done: [] },
  });
  assert(stale.kind === 'problem' && stale.status === 409 && stale.problem.kind === 'stale-epoch');
  assert.deepEqual(await plane.stores.members.get(id), before);
  assert.equal(await plane.stores.sessions.get(hub, 'S'), undefined);
});

test('a member that never joined is told so; a lost one has a stale epoch', async () => {
  const { plane, member } = await started();
  plane.clock.advance(timing.leaseTtlMs);
  assert(await plane.stores.members.markLost(id, 1, plane.clock.nowMs()));
  const lost = await member.tryBeat();
  assert(lost.kind === 'problem' && lost.problem.kind === 'stale-epoch');
  const stranger = await member.post(
    agentRoutes.heartbeat,
    { epoch: 1, seq: 1, ...member.observed, opened: [], closed: [], released: [], done: [] },
    'arn:aws:sts::123456789012:assumed-role/Member/i-b',
  );
  assert(stranger.kind === 'problem' && stranger.problem.kind === 'not-joined');
});

test('a lease that ran out is renewed as long as nobody called the member lost', async () => {
  const { plane, member } = await started();
  const since = (await plane.stores.members.get(id))?.heldSinceMs;
  plane.clock.advance(60_000);
  await member.beat();
  const stored = await plane.stores.members.get(id);
  assert.equal(stored?.state, 'active');
  assert.equal(stored?.heldSinceMs, plane.clock.nowMs(), 'with a gap');
  assert.notEqual(stored?.heldSinceMs, since);
  plane.clock.advance(2_000);
  await member.beat();
  assert.equal((await plane.stores.members.get(id))?.heldSinceMs, stored?.heldSinceMs);
});

test('a repeated heartbeat extends the lease, as its sender counts from it', async () => {
  const { plane, member } = await started();
  await member.beat();
  plane.clock.advance(3_000);
  const reply = await member.repeatBeat();
  assert.equal(reply.kind, 'ok');
  const stored = await plane.stores.members.get(id);
  assert.equal(stored?.leaseExpiresMs, plane.clock.nowMs() + timing.leaseTtlMs);
  assert.equal(stored?.seq, 2);
});

test('a heartbeat overtaken by a later one changes nothing, and is answered', async () => {
  const { plane, member, sessions } = await started();
  const report = sessionReport('OFFICE', 'S', 'alice');
  await member.beat({ opened: [report] });
  await member.beat({ closed: [{ hub: 'OFFICE', name: 'S' }] });
  const before = await plane.stores.members.get(id);
  member.seq = 2;
  const late = await member.repeatBeat({ opened: [report] });
  assert.equal(late.kind, 'ok');
  assert.equal(late.kind === 'ok' && late.value.late, true, 'its lists are not taken for written');
  assert.deepEqual(await sessions(), [], 'no ghost');
  assert.deepEqual(await plane.stores.members.get(id), before);
});

test('sessions told several times are written and counted once', async () => {
  const { plane, member, sessions } = await started();
  const opened = [
    sessionReport('OFFICE', 'S1', 'Alice', 1),
    sessionReport('OFFICE', 'S2', 'alice', 2),
  ];
  await member.beat({ opened });
  await member.repeatBeat({ opened });
  await member.beat({ opened });
  assert.deepEqual(await sessions(), ['S1', 'S2']);
  const stored = await plane.stores.sessions.get(hub, 's1');
  assert.deepEqual([stored?.memberId, stored?.memberEpoch], ['i-a', 1]);
  assert.equal((await plane.stores.users.get(hub, 'alice'))?.logins, 2);
  await member.beat({ closed: [{ hub: 'OFFICE', name: 'S1' }] });
  assert.deepEqual(await sessions(), ['S2']);
  await member.repeatBeat({ closed: [{ hub: 'OFFICE', name: 'S1' }] });
});

test('a session that opened and closed within one heartbeat leaves nothing behind', async () => {
  const { member, sessions } = await started();
  await member.beat({
    opened: [sessionReport('OFFICE', 'S', 'alice')],
    closed: [{ hub: 'OFFICE', name: 'S' }],
  });
  assert.deepEqual(await sessions(), []);
});

test('a session of another member is neither taken over nor closed', async () => {
  const { plane, member } = await started();
  const other = await plane.startMember('i-b');
  await member.beat({ opened: [sessionReport('OFFICE', 'S', 'alice')] });
  await other.join();
  await other.beat();
  await other.beat({ opened: [sessionReport('OFFICE', 'S', 'alice')] });
  await other.beat({ closed: [{ hub: 'OFFICE', name: 'S' }] });
  assert.equal((await plane.stores.sessions.get(hub, 'S'))?.memberId, 'i-a');
});

test('sessions that outlived a new join are told again and move to the new epoch', async () => {
  const { plane, member } = await started();
  const opened = [sessionReport('OFFICE', 'S', 'alice')];
  await member.beat({ opened });
  await member.join();
  await member.beat({ opened });
  assert.equal((await plane.stores.sessions.get(hub, 'S'))?.memberEpoch, 2);
  assert.equal((await plane.stores.users.get(hub, 'alice'))?.logins, 1);
});

test('a session that was struck out is told again: it is no second login', async () => {
  const { plane, member, sessions } = await started();
  const issuedMs = plane.clock.nowMs();
  const opened = [{ ...sessionReport('OFFICE', 'S', 'alice'), issuedMs }];
  await member.beat({ opened });
  plane.clock.advance(endedKeptMs);
  await plane.stores.members.markLost(id, 1, plane.clock.nowMs());
  const { items } = await plane.stores.sweeps.sessions(hub, undefined, 10);
  for (const session of items) await plane.stores.sweeps.strikeSession(session);
  await member.join();
  await member.beat({ opened });
  assert.deepEqual(await sessions(), ['S']);
  const user = await plane.stores.users.get(hub, 'alice');
  assert.deepEqual([user?.logins, user?.lastLoginMs], [1, issuedMs]);
});

test('a death within the lists: the repeated heartbeat writes the rest', async () => {
  const { plane, table, member, sessions } = await started();
  const opened = ['S1', 'S2', 'S3'].map((name) => sessionReport('OFFICE', name, 'alice'));
  table.diesAfter = ({ key }) => key.sk === 'SESSION#s2';
  await assert.rejects(member.tryBeat({ opened }), InvocationDied);
  table.diesAfter = () => false;
  assert.equal((await member.repeatBeat({ opened })).kind, 'ok');
  assert.deepEqual(await sessions(), ['S1', 'S2', 'S3']);
  assert.equal((await plane.stores.members.get(id))?.seq, 2);
});

test('full lists are written, longer ones are refused before anything is', async () => {
  const { plane, member, sessions } = await started();
  const reports = Array.from({ length: heartbeatListMax + 1 }, (_, index) =>
    sessionReport('OFFICE', `S${index}`, 'alice'),
  );
  await member.beat({ opened: reports.slice(1) });
  assert.equal((await sessions()).length, heartbeatListMax);
  const before = await plane.stores.members.get(id);
  const refused = await member.tryBeat({ opened: reports });
  assert(refused.kind === 'problem' && refused.problem.kind === 'invalid-request');
  assert.deepEqual(await plane.stores.members.get(id), before);
});

const order = (orderId: string): Order => ({
  kind: 'disconnect',
  id: orderId,
  hub: 'OFFICE',
  session: orderId,
});

test('orders are repeated until they are done, in the order they were given', async () => {
  const { plane, member } = await started();
  const { members } = plane.stores;
  for (const one of ['a', 'b', 'c']) assert(await members.order(id, order(one)));
  const ids = (desired: { orders: readonly Order[] }): string[] =>
    desired.orders.map((one) => one.id);
  assert.deepEqual(ids(await member.beat()), ['a', 'b', 'c']);
  assert.deepEqual(ids(await member.beat()), ['a', 'b', 'c']);
  assert.deepEqual(ids(await member.beat({ done: ['b', 'unknown'] })), ['a', 'c']);
  assert.deepEqual(ids(await member.beat({ done: ['a', 'b', 'c'] })), []);
});

test('an order given while others are being struck out is not lost', async () => {
  const { plane, table, member } = await started();
  await plane.stores.members.order(id, order('a'));
  table.before = async ({ operation, key }) => {
    if (operation !== 'update' || key.sk !== 'STATE') return;
    table.before = async () => undefined;
    await plane.stores.members.order(id, order('b'));
  };
  const desired = await member.beat({ done: ['a'] });
  assert.deepEqual(
    desired.orders.map((one) => one.id),
    ['b'],
  );
});

test('a place taken between read and write of a heartbeat stays taken', async () => {
  const { plane, table, member } = await started();
  table.before = async ({ operation, key }) => {
    if (operation !== 'update' || key.sk !== 'STATE') return;
    table.before = async () => undefined;
    await plane.stores.members.reserve(id, 1, plane.clock.nowMs());
  };
  await member.beat();
  const stored = await plane.stores.members.get(id);
  assert.deepEqual([stored?.reserved, stored?.reservedNew, stored?.headroom], [1, 1, 999]);
});

test('an admitted client counts once: reserved until it arrives, then a session', async () => {
  const { plane, member } = await started();
  const load = async (): Promise<unknown[]> => {
    const stored = await plane.stores.members.get(id);
    return [stored?.sessions, stored?.reserved, stored?.headroom];
  };
  await plane.stores.members.reserve(id, 1, plane.clock.nowMs());
  await plane.stores.members.reserve(id, 1, plane.clock.nowMs());
  assert.deepEqual(await load(), [0, 2, 998]);
  member.observed = { ...member.observed, sessions: 1 };
  await member.beat();
  assert.deepEqual(await load(), [1, 1, 998]);
  await plane.stores.members.reserve(id, 1, plane.clock.nowMs());
  await member.beat();
  assert.deepEqual(await load(), [1, 1, 998], 'the older one did not come');
  member.observed = { ...member.observed, sessions: 2 };
  await member.beat();
  assert.deepEqual(await load(), [2, 0, 998]);
});

test('a drain ends: no way back to active, hubs released, drained when empty', async () => {
  const { plane, member } = await started();
  const { placements } = plane.stores;
  await placements.claim(hubName('D'), undefined, { memberId: id, epoch: 1 }, 0);
  member.observed = { state: 'draining', sessions: 1, connections: 1, hubs: 1 };
  assert.equal((await member.beat()).state, 'draining');
  member.observed = { ...member.observed, state: 'active' };
  assert.equal((await member.beat()).state, 'draining', 'I7');
  const released = [{ name: 'D', epoch: 1 }];
  await member.beat({ released });
  await member.beat({ released });
  const placement = await placements.get(hubName('D'));
  assert.deepEqual([placement?.phase, placement?.epoch], ['released', 2]);
  member.observed = { state: 'draining', sessions: 0, connections: 0, hubs: 0 };
  assert.equal((await member.beat()).state, 'drained');
  assert.equal((await member.beat()).state, 'drained', 'told again if the answer was lost');
  assert.equal(plane.log.of('member.drained').length, 1);
});

test('a death between renewal and drained: the next heartbeat is told drained', async () => {
  const { table, member } = await started();
  member.observed = { ...member.observed, state: 'draining' };
  let writes = 0;
  table.diesAfter = () => {
    writes += 1;
    return writes === 2; // the renewal, then the mark
  };
  await assert.rejects(member.tryBeat(), InvocationDied);
  assert.equal((await member.beat()).state, 'drained');
});

test('a release by another member or of another epoch changes nothing', async () => {
  const { plane, member } = await started();
  const { placements } = plane.stores;
  await placements.claim(hubName('D'), undefined, { memberId: memberId('i-b'), epoch: 1 }, 0);
  await placements.claim(hubName('E'), undefined, { memberId: id, epoch: 1 }, 0);
  await member.beat({
    released: [
      { name: 'D', epoch: 1 },
      { name: 'E', epoch: 2 },
    ],
  });
  assert.equal((await placements.get(hubName('D')))?.phase, 'live');
  assert.equal((await placements.get(hubName('E')))?.phase, 'live');
});
