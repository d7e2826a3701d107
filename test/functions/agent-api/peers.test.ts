import assert from 'node:assert/strict';
import { test } from 'node:test';
import { rosterFreshMs } from '#functions/store/roster.ts';
import type { Peers } from '#shared/contract/peers.ts';
import { timing } from '#shared/contract/timing.ts';
import { pairKey } from '#shared/witness/pair-key.ts';
import { ControlPlane } from '../control-plane.ts';
import type { TestMember } from '../test-member.ts';

const endpoint = (number: number) => ({ address: `10.0.0.${number}`, port: 443 });

async function pair(): Promise<{ plane: ControlPlane; one: TestMember; other: TestMember }> {
  const plane = new ControlPlane();
  const one = await plane.startMember('i-1', { witness: endpoint(1) });
  const other = await plane.startMember('i-2', { witness: endpoint(2) });
  plane.clock.advance(rosterFreshMs);
  return { plane, one, other };
}

async function peersOf(member: TestMember): Promise<Peers> {
  const { peers } = await member.beat();
  assert(peers);
  return peers;
}

test('a heartbeat is answered with all other members, and where they are reached', async () => {
  const { one } = await pair();
  const peers = await peersOf(one);
  assert.equal(peers.complete, true);
  assert.deepEqual(
    peers.list.map(({ key: _, ...peer }) => peer),
    [{ memberId: 'i-2', ...endpoint(2), asked: true }],
  );
});

test('whoever has the list is not sent it again, until it changes', async () => {
  const { plane, one } = await pair();
  const { version } = await peersOf(one);
  assert.equal((await one.beat({ peers: version })).peers, undefined);
  await plane.startMember('i-3', { witness: endpoint(3) });
  plane.clock.advance(rosterFreshMs);
  const { peers } = await one.beat({ peers: version });
  assert.deepEqual(
    peers?.list.map(({ memberId }) => memberId),
    ['i-2', 'i-3'],
  );
});

test('a key is for one pair: made for one, it is what the other makes of its own', async () => {
  const { plane, one, other } = await pair();
  const third = await plane.startMember('i-3', { witness: endpoint(3) });
  plane.clock.advance(rosterFreshMs);
  const [ones, others] = [await peersOf(one), await peersOf(other)];
  const keyTo = (peers: Peers, id: string): string | undefined =>
    peers.list.find(({ memberId }) => memberId === id)?.key;
  const own = Buffer.from(others.key, 'base64');
  assert.equal(keyTo(ones, 'i-2'), pairKey(own, 'i-1').toString('base64'));
  const keys = [ones, others, await peersOf(third)].flatMap(({ key, list }) => [
    key,
    ...list.map((peer) => peer.key),
  ]);
  assert.equal(new Set(keys).size, keys.length, 'no key is used twice');
});

test('the lost are still told of leases, but not asked; once back they are', async () => {
  const { plane, one, other } = await pair();
  plane.clock.advance(timing.leaseTtlMs);
  assert(await plane.stores.members.markLost(other.memberId, other.epoch, plane.clock.nowMs()));
  assert.equal((await peersOf(one)).list[0]?.asked, false);
  await other.join();
  plane.clock.advance(rosterFreshMs);
  assert.equal((await peersOf(one)).list[0]?.asked, true);
});

test('a loss noticed late does not strike out who has joined anew', async () => {
  const { plane, one, other } = await pair();
  plane.clock.advance(timing.leaseTtlMs);
  await other.join();
  assert.equal(await plane.stores.members.markLost(other.memberId, 1, plane.clock.nowMs()), false);
  plane.clock.advance(rosterFreshMs);
  assert.equal((await peersOf(one)).list[0]?.asked, true);
});

test('a member nobody can reach makes the list incomplete', async () => {
  const { plane, one } = await pair();
  await plane.startMember('i-3');
  plane.clock.advance(rosterFreshMs);
  const peers = await peersOf(one);
  assert.deepEqual([peers.complete, peers.list.length], [false, 1]);
});
