import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Stores, storesOver } from '#functions/store/stores.ts';
import type { Table } from '#functions/store/table.ts';
import { hubName, memberId } from '#shared/kernel/ids.ts';
import { sessionReport } from '#test/functions/test-member.ts';

const id = memberId('i-a');
const nowMs = 1_000_000;
const leaseMs = nowMs + 8_000;
const joinRequest = {
  address: '192.0.2.1',
  ports: [5555],
  certificate: 'AAEC',
  weight: 100,
  capacity: 10,
  agentVersion: 'test',
};
const lifecycle = { token: 't', hookName: 'h', groupName: 'g' };

/** How members end and what is swept behind them, on one engine. Each test gets an empty table. */
export function endingsContract(engine: string, emptyTable: () => Promise<Table>): void {
  const fact = (name: string, body: (stores: Stores) => Promise<void>): void => {
    test(`${engine}: ${name}`, async () => body(storesOver(await emptyTable())));
  };
  const join = async ({ members }: Stores) => members.join(id, joinRequest, leaseMs, nowMs);
  const drainOf = async ({ members }: Stores) => {
    const { state, drainDeadlineMs, drainCause, lifecycle: action } = (await members.get(id)) ?? {};
    return [state, drainDeadlineMs, drainCause, action?.token];
  };

  fact('drain: requests merge whatever their order, and none extends another', async (stores) => {
    await join(stores);
    const scaledIn = { cause: 'machine-scaled-in', lifecycle } as const;
    await stores.members.beginDrain(id, 50);
    await stores.members.beginDrain(id, 90, scaledIn);
    assert.deepEqual(await drainOf(stores), ['draining', 50, 'machine-scaled-in', 't']);
    await stores.members.beginDrain(id, 40);
    assert.deepEqual(await drainOf(stores), ['draining', 40, 'machine-scaled-in', 't']);
    const other = { ...scaledIn, lifecycle: { ...lifecycle, token: 'u' } };
    await stores.members.beginDrain(id, 90, other);
    assert.deepEqual(await drainOf(stores), ['draining', 40, 'machine-scaled-in', 't']);
  });

  fact('drain: requests at once all count', async (stores) => {
    await join(stores);
    const begin = stores.members.beginDrain.bind(stores.members);
    await Promise.all([
      begin(id, 50),
      begin(id, 60, { cause: 'machine-interrupted' }),
      begin(id, 70, { cause: 'machine-scaled-in', lifecycle }),
    ]);
    const [state, deadlineMs, cause, token] = await drainOf(stores);
    assert.deepEqual([state, deadlineMs, token], ['draining', 50, 't']);
    assert.match(String(cause), /^machine-/);
  });

  fact('drain: who joins anew in the middle of it goes on draining', async (stores) => {
    await join(stores);
    await stores.members.beginDrain(id, 50, { cause: 'machine-scaled-in', lifecycle });
    await join(stores);
    assert.deepEqual(await drainOf(stores), ['draining', 50, 'machine-scaled-in', 't']);
  });

  fact('terminated: never with a lease, once without, and never back', async (stores) => {
    await join(stores);
    assert.equal(await stores.members.markTerminated(id, leaseMs - 1), false);
    assert.equal(await stores.members.markTerminated(id, leaseMs), true);
    assert.equal(await stores.members.markTerminated(id, leaseMs), true);
    assert.equal(await join(stores), 'terminated');
    assert.equal(await stores.members.markTerminated(memberId('i-b'), leaseMs), false);
  });

  fact('barred: whoever never joined, or is lost, joins no more', async (stores) => {
    const { members } = stores;
    assert.equal(await members.bar(id, undefined, nowMs), true);
    assert.equal(await members.bar(id, undefined, nowMs), true);
    assert.equal(await join(stores), 'terminated');
    const other = memberId('i-b');
    await members.join(other, joinRequest, leaseMs, nowMs);
    assert.equal(await members.bar(other, undefined, nowMs), false, 'it has joined');
    await members.markLost(other, 1, leaseMs);
    assert.equal(await members.bar(other, await members.get(other), leaseMs), true);
    assert.equal(await members.join(other, joinRequest, leaseMs, leaseMs), 'terminated');
  });

  fact('walks: of two that begin at once, one does', async ({ sweeps }) => {
    const seen = await sweeps.walks();
    assert.deepEqual((await Promise.all([sweeps.begin(seen, 5), sweeps.begin(seen, 5)])).sort(), [
      false,
      true,
    ]);
    assert.equal(await sweeps.step(5, 6), true);
    assert.equal(await sweeps.step(4, 6), false, 'of another walk');
    await sweeps.finish(5, 7);
    assert.equal(await sweeps.step(5, 8), false, 'of a walk that is over');
    assert.equal(await sweeps.begin(await sweeps.walks(), 9), true);
    assert.equal(await sweeps.step(9, 9), true);
  });

  fact(
    'walks: sessions and hubs come in parts, and only what was seen is struck',
    async (stores) => {
      const { sessions, sweeps } = stores;
      const hub = hubName('Office');
      for (const name of ['S1', 'S2', 'S3'])
        await sessions.open(id, 1, sessionReport(hub, name, 'a'), nowMs);
      const first = await sweeps.sessions(hub, undefined, 2);
      const rest = await sweeps.sessions(hub, first.next, 2);
      assert.deepEqual([first.items.length, rest.items.length, rest.next], [2, 1, undefined]);
      await sessions.open(id, 2, sessionReport(hub, 'S1', 'a'), nowMs);
      const struck = [];
      for (const session of first.items) struck.push(await sweeps.strikeSession(session));
      assert.deepEqual(struck, [false, true], 'the first was told again at another epoch');
    },
  );

  fact('strays: a name is struck off as it was seen, not as it is', async ({ members }) => {
    await members.join(id, joinRequest, leaseMs, nowMs);
    assert.equal(await members.forgetStray(id, nowMs), false, 'listed just then');
    assert.equal(await members.forgetStray(id, nowMs + 1), true);
    assert.equal(await members.forgetStray(id, nowMs + 1), false);
  });
}
