import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ticketDigest } from '#functions/domain/ticket.ts';
import { agentRoutes } from '#shared/contract/routes.ts';
import { ticketTtlMs, timing } from '#shared/contract/timing.ts';
import { hubName } from '#shared/kernel/ids.ts';
import { ControlPlane } from '../control-plane.ts';
import type { Reply, TestMember } from '../test-member.ts';

interface Issued {
  readonly plane: ControlPlane;
  readonly member: TestMember;
  readonly other: TestMember;
  readonly digest: string;
}

/** A ticket for the member that got it, and another member. */
async function issued(kind: 'static' | 'dynamic' = 'dynamic'): Promise<Issued> {
  const plane = new ControlPlane();
  await plane.createHub('OFFICE', kind);
  await plane.createUser('OFFICE', 'guest', undefined);
  const one = await plane.startMember('i-a', { address: '192.0.2.1' });
  const two = await plane.startMember('i-b', { address: '192.0.2.2' });
  const redirect = await plane.redirectOf({ hub: 'OFFICE', user: 'guest' });
  const [member, other] = redirect.address === '192.0.2.1' ? [one, two] : [two, one];
  return { plane, member, other, digest: ticketDigest(redirect.ticket) };
}

function problemOf(reply: Reply<unknown>): string {
  assert(reply.kind === 'problem', 'it was redeemed');
  return `${reply.status} ${reply.problem.kind}`;
}

const refused = '404 no-such-ticket';

test('redeem twice: the second is told no such ticket', async () => {
  const { member, digest } = await issued();
  const first = await member.redeem(digest);
  assert(first.kind === 'ok');
  assert.equal(first.value.placementEpoch, 1);
  assert.equal(problemOf(await member.redeem(digest)), refused);
});

test('two redeem one ticket at once: one gets the grant', async () => {
  const { member, digest } = await issued();
  const replies = await Promise.all([member.redeem(digest), member.redeem(digest)]);
  assert.deepEqual(replies.map(({ kind }) => kind).sort(), ['ok', 'problem']);
});

test('another member is told no such ticket, and does not use it up', async () => {
  const { member, other, digest } = await issued();
  assert.equal(problemOf(await other.redeem(digest)), refused);
  assert.equal((await member.redeem(digest)).kind, 'ok');
});

test('a ticket is good for 60 s, checked when it is redeemed', async () => {
  for (const [afterMs, kind] of [
    [ticketTtlMs - 1, 'ok'] as const,
    [ticketTtlMs, 'problem'] as const,
  ]) {
    const { plane, member, digest } = await issued();
    plane.clock.advance(afterMs);
    await member.beat();
    assert.equal((await member.redeem(digest)).kind, kind, `${afterMs}`);
  }
});

test('a ticket no one was given, and a digest that is none', async () => {
  const { member } = await issued();
  assert.equal(problemOf(await member.redeem('0'.repeat(64))), refused);
  assert.equal(problemOf(await member.redeem('0'.repeat(63))), '400 invalid-request');
  assert.equal(problemOf(await member.redeem('A'.repeat(64))), '400 invalid-request');
});

test('a member that joined anew cannot use tickets of its earlier epoch', async () => {
  const { member, digest } = await issued();
  await member.join();
  assert.equal(problemOf(await member.redeem(digest)), refused);
});

test('a member that was called lost is told so', async () => {
  const { plane, member, digest } = await issued('static');
  plane.clock.advance(timing.leaseTtlMs);
  assert(await plane.stores.members.markLost(member.memberId, 1, plane.clock.nowMs()));
  const stale = await member.post(agentRoutes.redeem, { digest, epoch: 1 });
  assert.equal(problemOf(stale), '409 stale-epoch');
});

test('a ticket issued before a drain is honoured while the hub has not been released', async () => {
  const { member, digest } = await issued();
  member.observed = { state: 'draining', sessions: 1, connections: 1, hubs: 1 };
  await member.beat();
  assert.equal((await member.redeem(digest)).kind, 'ok');
});

test('a released hub is not opened again by a ticket that is still out (I1)', async () => {
  const { member, digest } = await issued();
  member.observed = { state: 'draining', sessions: 1, connections: 1, hubs: 0 };
  await member.beat({ released: [{ name: 'OFFICE', epoch: 1 }] });
  assert.equal(problemOf(await member.redeem(digest)), refused);
});

test('a hub deleted or taken offline since admits nobody; a changed one as it is now', async () => {
  const deleted = await issued();
  await deleted.plane.stores.hubs.remove(hubName('OFFICE'));
  assert.equal(problemOf(await deleted.member.redeem(deleted.digest)), refused);

  for (const online of [false, true]) {
    const { plane, member, digest } = await issued();
    const hub = await plane.stores.hubs.get(hubName('OFFICE'));
    assert(hub && (await plane.stores.hubs.replace({ ...hub, version: 2, online }, 1)));
    const reply = await member.redeem(digest);
    if (online) assert.equal(reply.kind === 'ok' && reply.value.hub.version, 2);
    else assert.equal(problemOf(reply), refused);
  }
});
