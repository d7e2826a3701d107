import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ticketDigest } from '#functions/domain/ticket.ts';
import type { Table } from '#functions/store/table.ts';
import { hubName } from '#shared/kernel/ids.ts';
import { ControlPlane } from '#test/functions/control-plane.ts';
import { sessionReport } from '#test/functions/test-member.ts';

/** One user's story through the whole control plane, on one engine. */
export function journeyContract(engine: string, emptyTable: () => Promise<Table>): void {
  test(`${engine}: login, ticket, session, death of the member, session elsewhere`, async () => {
    const plane = new ControlPlane(await emptyTable());
    await plane.createHub('OFFICE', 'dynamic');
    await plane.createUser('OFFICE', 'Alice', 'pass1234');
    const members = [
      await plane.startMember('i-a', { address: '192.0.2.1' }),
      await plane.startMember('i-b', { address: '192.0.2.2' }),
    ];
    const alice = { hub: 'office', user: 'alice', password: 'pass1234' };
    const enter = async (placementEpoch: number) => {
      const redirect = await plane.redirectOf(alice);
      const member = members.find(({ request }) => request.address === redirect.address);
      assert(member);
      const grant = await member.redeem(ticketDigest(redirect.ticket));
      assert(grant.kind === 'ok', JSON.stringify(grant));
      assert.equal(grant.value.placementEpoch, placementEpoch);
      member.observed = { state: 'active', sessions: 1, connections: 1, hubs: 1 };
      const openedMs = plane.clock.nowMs();
      const report = sessionReport('OFFICE', grant.value.sessionName, 'Alice', openedMs);
      await member.beat({ opened: [report] });
      return { member, session: grant.value.sessionName };
    };

    const first = await enter(1);
    const stored = await plane.stores.sessions.get(hubName('OFFICE'), first.session);
    assert.equal(stored?.memberId, first.member.id);
    const survivors = members.filter((member) => member !== first.member);
    for (let beat = 0; beat < 5; beat += 1) {
      plane.clock.advance(2_000);
      for (const member of survivors) await member.beat();
    }
    await plane.deliverWatches();
    assert.equal(plane.log.of('member.lost').length, 1);

    const second = await enter(2);
    assert.notEqual(second.member, first.member);
    const user = await plane.stores.users.get(hubName('OFFICE'), 'alice');
    assert.equal(user?.logins, 2);
  });
}
