import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Stores, storesOver } from '#functions/store/stores.ts';
import type { Table } from '#functions/store/table.ts';
import { hubName } from '#shared/kernel/ids.ts';

const nowMs = 1_000_000;

/** Who gets a seat when many want one, on one engine. Each test gets an empty table. */
export function seatsContract(engine: string, emptyTable: () => Promise<Table>): void {
  const fact = (name: string, body: (stores: Stores) => Promise<void>): void => {
    test(`${engine}: ${name}`, async () => body(storesOver(await emptyTable())));
  };
  const place = { hub: hubName('Office'), scope: 'hub', user: '', shard: 0 } as const;
  const seatOf = (session: string, client = '') => ({ session, client, heldUntilMs: nowMs });

  fact('seat: of more at once than seats as many sit down as there are', async (stores) => {
    const taken = await Promise.all(
      Array.from({ length: 20 }, (_, i) => stores.seats.take(place, seatOf(`s${i}`), 7)),
    );
    assert.equal(taken.filter(({ kind }) => kind === 'seated').length, 7);
    const [shard] = await stores.seats.getMany(place, [0]);
    assert.equal(shard?.seats.length, 7);
    for (const one of taken) {
      if (one.kind === 'refused') assert.equal(one.current.seats.length, 7);
    }
  });

  fact(
    'seat: taken again by a retry it is one seat, released twice it is one less',
    async (stores) => {
      const seat = seatOf('SID-A');
      const ref = { scope: 'hub', shard: 0, heldUntilMs: nowMs } as const;
      assert.equal((await stores.seats.take(place, seat, 2)).kind, 'seated');
      assert.equal((await stores.seats.take(place, seat, 2)).kind, 'seated');
      assert.equal((await stores.seats.take(place, seatOf('SID-B'), 2)).kind, 'seated');
      assert.equal((await stores.seats.take(place, seat, 2)).kind, 'seated', 'full, but of ours');
      await stores.seats.release(place.hub, '', 'sid-a', ref);
      await stores.seats.release(place.hub, '', 'sid-a', ref);
      assert.equal((await stores.seats.take(place, seatOf('SID-C'), 2)).kind, 'seated');
      assert.equal((await stores.seats.take(place, seatOf('SID-D'), 2)).kind, 'refused');
    },
  );

  fact(
    'seat: of prunings and releases of the same seats at once each frees it once',
    async (stores) => {
      for (const session of ['a', 'b', 'c']) await stores.seats.take(place, seatOf(session), 3);
      const [seen] = await stores.seats.getMany(place, [0]);
      assert(seen);
      const ref = { scope: 'hub', shard: 0, heldUntilMs: nowMs } as const;
      const gone = seen.seats.slice(0, 2);
      await Promise.all([
        stores.seats.prune(place, seen, gone),
        stores.seats.release(place.hub, '', 'a', ref),
        stores.seats.prune(place, seen, gone),
      ]);
      const [now] = await stores.seats.getMany(place, [0]);
      if (now?.seats.length === 2) await stores.seats.prune(place, now, now.seats.slice(0, 1));
      const more = await Promise.all(
        ['d', 'e', 'f'].map((session) => stores.seats.take(place, seatOf(session), 3)),
      );
      assert.equal(more.filter(({ kind }) => kind === 'seated').length, 2, 'c never left');
    },
  );

  fact('seat: who decided upon what has changed since is refused', async (stores) => {
    await stores.seats.take(place, seatOf('a', 'x'), 1);
    const [seen] = await stores.seats.getMany(place, [0]);
    assert(seen);
    const seatings = await Promise.all(
      ['b', 'c', 'd'].map((session) => stores.seats.takeAsSeen(place, seatOf(session, 'x'), seen)),
    );
    assert.equal(seatings.filter(({ kind }) => kind === 'seated').length, 1);
  });

  fact(
    'seat: a session that proves to live sits again, even where there is no room',
    async (stores) => {
      await stores.seats.take(place, seatOf('a'), 1);
      await stores.seats.restore(place, seatOf('b'));
      await stores.seats.restore(place, seatOf('b'));
      await stores.seats.restore(place, seatOf('a'));
      const [shard] = await stores.seats.getMany(place, [0]);
      assert.deepEqual(shard?.seats.map(({ session }) => session).sort(), ['a', 'b']);
      assert.equal((await stores.seats.take(place, seatOf('c'), 2)).kind, 'refused');
    },
  );
}
