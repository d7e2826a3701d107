import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { MemberId } from '#shared/kernel/ids.ts';
import { MemoryTable } from '#test/support/memory-table.ts';
import { AdminRig, type As } from './rig.ts';

const greedy = { hub: 'Greedy', password: 'greedy-password' };
const other = { hub: 'Other', password: 'other-password' };
const tooMany = { error: 110 };

/** Two customers' hubs with sessions on one member, which does not send its next heartbeat. */
async function world(): Promise<{ rig: AdminRig; member: MemberId }> {
  const rig = new AdminRig(new MemoryTable());
  const member = await rig.join('i-1');
  for (const { hub, password } of [greedy, other]) {
    await rig.createHub(hub, 1, password);
    for (const name of ['S1', 'S2', 'S3']) await rig.openSession(hub, name, member);
    await rig.call('GetHub', { HubName_str: hub }, { hub, password });
  }
  return { rig, member };
}

const deletes = (rig: AdminRig, as: As, name = 'S1') =>
  rig.call('DeleteSession', { HubName_str: as.hub, Name_str: name }, as);
const goesOffline = (rig: AdminRig, as: As) =>
  rig.call('SetHubOnline', { HubName_str: as.hub, Online_bool: false }, as);
const asks = (rig: AdminRig, as: As, key?: number) =>
  key === undefined
    ? rig.call('EnumMacTable', { HubName_str: as.hub }, as)
    : rig.call('DeleteMacTable', { HubName_str: as.hub, Key_u32: key }, as);

const floods: readonly [string, (rig: AdminRig, round: number) => Promise<unknown>][] = [
  ['deletes sessions', (rig) => deletes(rig, greedy)],
  ['takes the hub offline', (rig) => goesOffline(rig, greedy)],
  ['asks for addresses', (rig, round) => asks(rig, greedy, round)],
];

/** Five at a time: changes of one hub at once are refused by each other. */
async function onAndOn(rig: AdminRig, flood: (typeof floods)[number][1]): Promise<void> {
  for (let from = 0; from < 120; from += 5) {
    await Promise.all(Array.from({ length: 5 }, (_, index) => flood(rig, from + index)));
  }
}

for (const [does, flood] of floods) {
  const fault = `a hub administrator who ${does} on and on`;
  test(`${fault}: others' orders are taken all the same`, async () => {
    const { rig, member } = await world();
    await onAndOn(rig, flood);
    assert.deepEqual(await flood(rig, 120), tooMany);
    const before = (await rig.orders(member)).length;
    for (const name of ['S1', 'S2', 'S3']) {
      assert.equal((await deletes(rig, other, name)).Name_str, name);
    }
    assert.equal((await goesOffline(rig, other)).error, undefined);
    assert.deepEqual(await asks(rig, other), { error: 3 }, 'it is asked, and silent');
    assert.equal((await rig.orders(member)).length, before + 5);
  });
}

test('whatever is asked on and on for a hub, it is taken offline and removed', async () => {
  const { rig, member } = await world();
  for (const [, flood] of floods.filter(([does]) => does !== 'takes the hub offline')) {
    await onAndOn(rig, flood);
  }
  const before = (await rig.orders(member)).length;
  const named = { HubName_str: greedy.hub };
  assert.equal((await rig.call('SetHubOnline', { ...named, Online_bool: false })).error, undefined);
  assert.equal((await rig.call('DeleteHub', named)).error, undefined);
  assert.deepEqual(
    (await rig.orders(member)).slice(before).map((order) => 'kind' in order && order.kind),
    ['configure', 'remove'],
  );
});

test('a refused order names the hub and what to do', async () => {
  const { rig, member } = await world();
  await Promise.all(Array.from({ length: 120 }, () => deletes(rig, greedy)));
  const body = { method: 'DeleteSession', params: { HubName_str: greedy.hub, Name_str: 'S1' } };
  const answer = await rig.post(JSON.stringify({ jsonrpc: '2.0', id: 'x', ...body }), greedy);
  assert.match(await answer.text(), /"code": 110,\s.*repeat in a few seconds/);
  const refused = rig.logged.find(({ event }) => event === 'order.refused');
  assert.deepEqual(refused?.fields, { kind: 'disconnect', hub: 'Greedy', members: [member] });
});
