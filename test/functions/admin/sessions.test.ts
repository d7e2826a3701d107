import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AdminRig, leaseMs } from './rig.ts';

const hub = { HubName_str: 'Hub' };

async function listed(rig: AdminRig): Promise<string[]> {
  const { SessionList } = await rig.call('EnumSession', hub);
  return SessionList.map((session: { Name_str: string }) => session.Name_str);
}

test('sessions are listed with the member they run on', async () => {
  const rig = new AdminRig();
  await rig.createHub('Hub');
  await rig.openSession('Hub', 'SID-ALICE-1', await rig.join('i-1', '198.51.100.21'));
  const { SessionList } = await rig.call('EnumSession', hub);
  assert.equal(SessionList.length, 1);
  const [session] = SessionList;
  assert.equal(session.Username_str, 'Alice');
  assert.equal(session.RemoteSession_bool, true);
  assert.equal(session.RemoteHostname_str, '198.51.100.21');
  assert.equal(session.MemberId_str, 'i-1');
  assert.equal(session.ClientIP_ip, '192.0.2.7');
  assert.equal(session.UniqueId_bin, 'AP8=');
  assert.equal(session.MaxNumTcp_u32, 8);
  assert.equal(session.CreatedTime_dt, '2026-11-22T23:42:08.261Z');
});

test('sessions of members lost, joined anew, silent or unknown are not listed', async () => {
  const rig = new AdminRig();
  await rig.createHub('Hub');
  const [live, lost, anew, lapsed] = [
    await rig.join('i-live'),
    await rig.join('i-lost'),
    await rig.join('i-anew'),
    await rig.join('i-lapsed'),
  ];
  for (const id of [live, lost, anew, lapsed]) await rig.openSession('Hub', `SID-${id}`, id);
  await rig.openSession('Hub', 'SID-unknown', rig.hub('i-unknown') as never);
  assert.deepEqual(await listed(rig), ['SID-i-anew', 'SID-i-lapsed', 'SID-i-live', 'SID-i-lost']);

  rig.nowMs += leaseMs;
  for (const [id, seq] of [[live, 2] as const]) await rig.heartbeat(id, 1, seq);
  await rig.stores.members.markLost(lost, 1, rig.nowMs);
  await rig.join('i-anew');
  assert.deepEqual(await listed(rig), ['SID-i-live']);

  const status = await rig.call('GetHubStatus', hub);
  assert.deepEqual([status.NumSessions_u32, status.NumSessionsClient_u32], [1, 1]);
  const { HubList } = await rig.call('EnumHub');
  assert.equal(HubList[0].NumSessions_u32, 1);
  for (const Name_str of ['SID-i-lost', 'SID-i-anew', 'SID-i-lapsed', 'SID-unknown', 'SID-none']) {
    const named = { ...hub, Name_str };
    assert.deepEqual(await rig.call('DeleteSession', named), { error: 29 }, Name_str);
    assert.deepEqual(await rig.call('GetSessionStatus', named), { error: 29 }, Name_str);
  }
});

test('a deleted session is an order to its member, under an id of its own each time', async () => {
  const rig = new AdminRig();
  await rig.createHub('Hub');
  const [host, other] = [await rig.join('i-1'), await rig.join('i-2')];
  await rig.openSession('Hub', 'SID-ALICE-1', host);
  const named = { HubName_str: 'hub', Name_str: 'sid-alice-1' };
  const answered = { HubName_str: 'Hub', Name_str: 'SID-ALICE-1' };
  assert.deepEqual(await rig.call('DeleteSession', named), answered);
  assert.deepEqual(await rig.call('DeleteSession', named), answered);
  const order = { kind: 'disconnect', hub: 'Hub', session: 'SID-ALICE-1' };
  assert.deepEqual(await rig.orders(host), [order, order]);
  assert.deepEqual(await rig.orders(other), []);
  const ids = (await rig.stores.members.get(host))?.orders.map(({ id }) => id) ?? [];
  assert.equal(new Set(ids).size, 2);
  for (const id of ids) assert.match(id, /^[0-9a-f]{32}$/);
});

test('a session without a name is error 38, one of another hub is error 29', async () => {
  const rig = new AdminRig();
  await rig.createHub('Hub');
  await rig.createHub('Other');
  await rig.openSession('Other', 'SID-ALICE-1', await rig.join('i-1'));
  assert.deepEqual(await rig.call('DeleteSession', hub), { error: 38 });
  const named = { ...hub, Name_str: 'SID-ALICE-1' };
  assert.deepEqual(await rig.call('DeleteSession', named), { error: 29 });
});

test('the status of a session tells nobody its key', async () => {
  const rig = new AdminRig();
  await rig.createHub('Hub');
  await rig.openSession('Hub', 'SID-ALICE-1', await rig.join('i-1', '198.51.100.21'));
  const status = await rig.call('GetSessionStatus', { ...hub, Name_str: 'SID-ALICE-1' });
  assert.equal(status.SessionKey_bin, Buffer.alloc(20).toString('base64'));
  assert.equal(status.SessionStatus_u32, 3);
  assert.equal(status.ServerIpAddress_ip, '198.51.100.21');
  assert.equal(status.ClientIpAddress_ip, '192.0.2.7');
  // vpncmd prints these three: the user, where the session is, and at least one connection.
  assert.equal(status.RealUsername_str, status.Username_str);
  assert.ok(status.ServerPort_u32 > 0);
  assert.equal(status.ServerPort2_u32, status.ServerPort_u32);
  assert.equal(status.NumTcpConnections_u32, 1);
});
