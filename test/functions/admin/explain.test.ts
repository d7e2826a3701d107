import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ticketDigest } from '#functions/domain/ticket.ts';
import { RejectionStore, unprovenNotesMax } from '#functions/store/rejection-store.ts';
import { hubName } from '#shared/kernel/ids.ts';
import { ControlPlane } from '#test/functions/control-plane.ts';
import { FaultyTable } from '#test/functions/faulty-table.ts';
import { sessionReport, type TestMember } from '#test/functions/test-member.ts';
import { MemoryTable } from '#test/support/memory-table.ts';
import { AdminRig } from './rig.ts';

const alice = { hub: 'OFFICE', user: 'alice', password: 'secret' };

interface Cluster {
  readonly plane: ControlPlane;
  readonly rig: AdminRig;
  readonly members: readonly TestMember[];
  /** ExplainLogin, by the server's administrator unless said otherwise. */
  readonly explain: (name: string, as?: object) => ReturnType<AdminRig['call']>;
  /** Log in, redeem and tell of the session, as a member does; the session's name. */
  readonly enter: (wish: typeof alice) => Promise<string>;
}

async function cluster(kind: 'static' | 'dynamic' = 'static'): Promise<Cluster> {
  const table = new MemoryTable();
  const plane = new ControlPlane(table);
  const rig = new AdminRig(table);
  await plane.createHub('OFFICE', kind);
  await plane.createUser('OFFICE', 'alice', 'secret');
  const members = [
    await plane.startMember('i-1', { address: '192.0.2.1' }),
    await plane.startMember('i-2', { address: '192.0.2.2' }),
  ];
  const explain: Cluster['explain'] = async (name, as = {}) => {
    rig.nowMs = plane.clock.nowMs();
    return rig.call('ExplainLogin', { HubName_str: 'office', Name_str: name }, as);
  };
  const enter: Cluster['enter'] = async (wish) => {
    const { address, ticket } = await plane.redirectOf(wish);
    const member = members.find(({ request }) => request.address === address);
    assert(member);
    const reply = await member.redeem(ticketDigest(ticket));
    assert(reply.kind === 'ok');
    const { sessionName: name, explanation } = reply.value;
    assert(explanation !== undefined);
    const report = { ...sessionReport('OFFICE', name, 'alice', plane.clock.nowMs()), explanation };
    await member.beat({ sessions: 1, opened: [report] });
    return name;
  };
  return { plane, rig, members, explain, enter };
}

test('a session tells which members were looked at, and why it is on this one', async () => {
  const { explain, enter, members } = await cluster();
  const first = await enter(alice);
  for (const name of [first, 'alice', 'ALICE']) {
    const { Redirected, Username_str, UserExists_bool, Rejected } = await explain(name);
    assert.deepEqual([Username_str, UserExists_bool, Rejected], ['alice', true, undefined]);
    const [told] = Redirected;
    assert.equal(told.Session_str, first);
    assert.deepEqual([told.Reason_str, told.Rounds_u32, told.Live_bool], ['least-loaded', 1, true]);
    assert.deepEqual([told.NumConsidered_u32, told.MemberState_str], [2, 'active']);
    const [chosen, other] = told.CandidateList;
    assert.equal(chosen.MemberId_str, told.MemberId_str);
    assert.deepEqual([chosen.Verdict_str, chosen.Point_u32], ['eligible', 100_000]);
    assert.notEqual(other.MemberId_str, chosen.MemberId_str);
  }
  assert.equal(members.length, 2);
});

test('who followed a dynamic hub to its member is told where that was placed', async () => {
  const { explain, enter } = await cluster('dynamic');
  await enter(alice);
  const second = await enter({ ...alice });
  const { Redirected, Placement } = await explain(second);
  assert.equal(Redirected[0].Reason_str, 'placement-live');
  assert.equal(Placement[0].MemberId_str, Redirected[0].MemberId_str);
  assert.deepEqual([Placement[0].Phase_str, Placement[0].Epoch_u32], ['live', 1]);
});

test('the answer outlives the session, and the member', async () => {
  const { plane, explain, enter, members } = await cluster();
  const name = await enter(alice);
  const member = members.find((one) => one.observed !== undefined && one.seq > 1);
  assert(member);
  await member.beat({ closed: [{ hub: 'OFFICE', name }] });
  for (const asked of [name, 'alice']) {
    const [told] = (await explain(asked)).Redirected;
    assert.deepEqual([told.Session_str, told.Live_bool], [name, false]);
    assert.equal(told.Reason_str, 'least-loaded');
    assert.equal(told.CandidateList.length, 2);
  }
  plane.clock.advance(60_000);
  assert.equal((await explain('alice')).Redirected[0].MemberId_str, member.id);
});

test('a rejected login tells its last reason, number and source', async () => {
  const { plane, explain, members } = await cluster();
  await plane.rejectionOf({ ...alice, password: 'wrong', address: '203.0.113.7' });
  const [wrong] = (await explain('alice')).Rejected;
  assert.deepEqual([wrong.Reason_str, wrong.Code_u32], ['wrong-password', 9]);
  assert.equal(wrong.ClientIp_str, '203.0.113.7');
  assert.match(wrong.ClientProductName_str, /^SoftEther VPN Client/);

  for (const member of members) {
    await plane.stores.members.beginDrain(member.memberId, plane.clock.nowMs() + 60_000);
  }
  plane.clock.advance(1_000);
  await plane.rejectionOf(alice);
  const [none] = (await explain('alice')).Rejected;
  assert.deepEqual([none.Reason_str, none.Code_u32, none.NumConsidered_u32], ['no-member', 49, 2]);
  const verdicts = none.CandidateList.map((one: { Verdict_str: string }) => one.Verdict_str);
  assert.deepEqual(verdicts, ['not-active', 'not-active']);
});

test('a misspelt user is known by its rejections, and a stranger by nothing', async () => {
  const { plane, explain } = await cluster();
  await plane.rejectionOf({ ...alice, user: 'alcie' });
  const { UserExists_bool, Rejected } = await explain('alcie');
  assert.deepEqual([UserExists_bool, Rejected[0].Reason_str], [false, 'unknown-user']);
  assert.deepEqual(await explain('bob'), { error: 29 });
  assert.deepEqual(await explain(''), { error: 38 });
});

test('a hub administrator is told of its own users, and no load of members', async () => {
  const { rig, explain, enter } = await cluster();
  await rig.createHub('MINE', 1, 'hub-password');
  const mine = { hub: 'MINE', password: 'hub-password' };
  assert.deepEqual(await explain('alice', mine), { error: 52 });
  await rig.call('SetHub', { HubName_str: 'OFFICE', AdminPasswordPlainText_str: 'office' });
  await enter(alice);
  const [told] = (await explain('alice', { hub: 'OFFICE', password: 'office' })).Redirected;
  assert.equal(told.Reason_str, 'least-loaded');
  assert.equal(told.CandidateList, undefined);
});

test('rejections before the hub was made are not told: they were of another hub', async () => {
  const { plane, rig, explain } = await cluster();
  await plane.rejectionOf({ ...alice, user: 'bob' });
  plane.clock.advance(1_000);
  rig.nowMs = plane.clock.nowMs();
  await rig.call('DeleteHub', { HubName_str: 'OFFICE' });
  await rig.createHub('OFFICE', 1);
  assert.deepEqual(await explain('bob'), { error: 29 });
});

const rejection = {
  hub: hubName('OFFICE'),
  user: 'alice',
  code: 9,
  reason: 'wrong-password',
  source: '203.0.113.7',
  client: 'c',
};

test('one source cannot have more than a bounded number of notes written', async () => {
  const store = new RejectionStore(new MemoryTable());
  const noted: boolean[] = [];
  for (let number = 0; number <= unprovenNotesMax; number += 1) {
    noted.push(await store.note({ ...rejection, user: `u${number}`, atMs: 1, proven: false }));
  }
  assert.equal(noted.filter(Boolean).length, unprovenNotesMax);
  assert.equal(await store.note({ ...rejection, user: 'other', atMs: 1, proven: true }), true);
  assert.equal(await store.note({ ...rejection, user: 'next', atMs: 60_001, proven: false }), true);
});

test('a client that keeps trying is written down again after half a minute', async () => {
  const store = new RejectionStore(new MemoryTable());
  const at = (atMs: number) => store.note({ ...rejection, atMs, proven: true });
  assert.deepEqual([await at(0), await at(29_999), await at(30_000)], [true, false, true]);
});

test('a table that takes no note does not keep anybody from being answered', async () => {
  const table = new FaultyTable(new MemoryTable());
  const plane = new ControlPlane(table);
  await plane.createHub('OFFICE', 'static');
  await plane.createUser('OFFICE', 'alice', 'secret');
  table.before = async ({ key }) => {
    if (key.pk.startsWith('REJECTED#')) throw new Error('no table');
  };
  assert.deepEqual(await plane.rejectionOf(alice), { code: 49, reason: 'no-member' });
  assert.equal(plane.log.of('rejection.not-noted').length, 1);
});
