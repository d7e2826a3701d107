import assert from 'node:assert/strict';
import { test } from 'node:test';
import { accessRulesMax } from '#shared/contract/access-rule.ts';
import type { Desired, Order } from '#shared/contract/heartbeat.ts';
import { AdminRig } from '#test/functions/admin/rig.ts';
import { ControlPlane } from '#test/functions/control-plane.ts';
import { sessionReport, type TestMember } from '#test/functions/test-member.ts';
import { MemoryTable } from '#test/support/memory-table.ts';

/** A member that was lost and joins anew, with sessions of these static hubs. */
async function rejoined(names: readonly string[], prepare: (rig: AdminRig) => Promise<void>) {
  const table = new MemoryTable();
  const plane = new ControlPlane(table);
  const rig = new AdminRig(table);
  rig.nowMs = plane.clock.nowMs();
  for (const name of names) await rig.createHub(name, 1);
  const member = await plane.startMember('i-1');
  const issuedMs = plane.clock.nowMs();
  const opened = names.map((name) => ({
    ...sessionReport(name, `SID-${name}`, 'alice'),
    issuedMs,
  }));
  plane.clock.advance(20_000);
  assert(await plane.stores.members.markLost(member.memberId, 1, plane.clock.nowMs()));
  await prepare(rig);
  await member.join();
  return { member, answers: () => answersTo(member, opened) };
}

/** As a member does it: carried out once each, told again until the telling is acknowledged. */
async function answersTo(
  member: TestMember,
  opened: ReturnType<typeof sessionReport>[],
): Promise<{ answers: Desired[]; carriedOut: Order[] }> {
  const answers: Desired[] = [];
  const carriedOut = new Map<string, Order>();
  for (let isTold = false; !isTold; ) {
    assert.ok(answers.length <= opened.length, 'it comes to an end');
    const answer = await member.beat({ opened, done: [...carriedOut.keys()] });
    for (const order of answer.orders) {
      if (!carriedOut.has(order.id)) carriedOut.set(order.id, order);
    }
    answers.push(answer);
    isTold = answer.late !== true;
  }
  return { answers, carriedOut: [...carriedOut.values()] };
}

test('what became of survivors’ hubs and has no room comes with the next answer', async () => {
  const names = ['one', 'two', 'three', 'four', 'five', 'six', 'seven', 'gone'];
  const rule = { SrcUsername_str: 'somebody', DestUsername_str: 'somebody else' };
  const AccessList = Array.from({ length: accessRulesMax }, () => rule);
  const { answers } = await rejoined(names, async (rig) => {
    for (const HubName_str of names.slice(0, -1)) {
      await rig.call('SetAccessList', { HubName_str, AccessList });
    }
    await rig.call('DeleteHub', { HubName_str: 'gone' });
  });
  const told = await answers();
  assert.ok(told.answers.length > 1, 'all in one answer');
  const configured = told.carriedOut.flatMap((order) =>
    order.kind === 'configure' ? [[order.hub.name, order.hub.accessRules?.length]] : [],
  );
  const expected = names.slice(0, -1).map((name) => [name, accessRulesMax]);
  assert.deepEqual(configured.sort(), expected.sort());
  const removed = told.carriedOut.flatMap((order) => (order.kind === 'remove' ? [order.hub] : []));
  assert.deepEqual(removed, ['gone']);
});

test('what fits is told at once, and the telling is acknowledged', async () => {
  const { answers } = await rejoined(['one', 'two'], async (rig) => {
    await rig.call('SetHubOnline', { HubName_str: 'two', Online_bool: false });
  });
  const told = await answers();
  assert.equal(told.answers.length, 1);
  const online = told.carriedOut.map((order) => order.kind === 'configure' && order.hub.online);
  assert.deepEqual(online.sort(), [false, true]);
});
