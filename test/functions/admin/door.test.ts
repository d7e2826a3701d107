import assert from 'node:assert/strict';
import { test } from 'node:test';
import { freeGuesses } from '#functions/domain/admin-door.ts';
import { WatchedTable } from '../watched-table.ts';
import { AdminRig, serverPassword } from './rig.ts';

const body = JSON.stringify({ jsonrpc: '2.0', id: '1', method: 'Test', params: {} });

/** HTTP status of a call with this password, and what Retry-After says. */
async function tryOn(
  rig: AdminRig,
  password: string,
  from = '203.0.113.9',
  hub?: string,
): Promise<readonly [status: number, after: string | null]> {
  const headers = {
    'x-vpnadmin-password': password,
    ...(hub !== undefined && { 'x-vpnadmin-hubname': hub }),
  };
  const response = await rig.request('/api/', { method: 'POST', headers, body }, from);
  return [response.status, response.headers.get('retry-after')];
}

async function guess(rig: AdminRig, times: number, from?: string): Promise<void> {
  for (let count = 0; count < times; count += 1) {
    assert.deepEqual(await tryOn(rig, `guess ${count}`, from), [401, null]);
  }
}

test('after twenty wrong passwords none is looked at, twice as long each time', async () => {
  const rig = new AdminRig();
  await guess(rig, freeGuesses);
  assert.deepEqual(await tryOn(rig, serverPassword), [429, '2'], 'the right one, too');
  for (const seconds of [2, 4, 8, 16]) {
    rig.nowMs += seconds * 1_000 - 1;
    assert.deepEqual(await tryOn(rig, 'guess'), [429, '1'], `${seconds} s are not over`);
    rig.nowMs += 1;
    assert.deepEqual(await tryOn(rig, 'guess'), [401, null]);
    assert.deepEqual(await tryOn(rig, 'guess'), [429, String(seconds * 2)]);
  }
  const [began] = rig.logged.filter(({ event }) => event === 'admin.throttled');
  assert.deepEqual(began?.fields, { source: '203.0.113.9', count: freeGuesses, forMs: 2_000 });
});

test('the wait ends at fifteen minutes, and a quiet quarter of an hour forgets it', async () => {
  const rig = new AdminRig();
  await guess(rig, freeGuesses);
  for (let times = 0; times < 12; times += 1) {
    rig.nowMs += 15 * 60_000;
    assert.deepEqual(await tryOn(rig, 'guess'), [401, null]);
  }
  assert.deepEqual(await tryOn(rig, 'guess'), [429, '900']);
  rig.nowMs += 31 * 60_000;
  await guess(rig, freeGuesses - 1);
  assert.deepEqual(await tryOn(rig, serverPassword), [200, null]);
});

test('of a hundred guesses at the same moment no more are looked at than are free', async () => {
  const rig = new AdminRig();
  const all = await Promise.all(
    Array.from({ length: 100 }, (_, number) => tryOn(rig, `guess ${number}`)),
  );
  const looked = all.filter(([status]) => status === 401).length;
  assert(looked <= freeGuesses, `${looked} were looked at`);
  assert(all.every(([status]) => status === 401 || status === 429));
});

test('a password that was right before is looked at however many others guess', async () => {
  const table = new WatchedTable();
  const rig = new AdminRig(table);
  assert.equal((await tryOn(rig, serverPassword))[0], 200);
  await guess(rig, freeGuesses);
  assert.equal((await tryOn(rig, 'guess'))[0], 429);
  table.takeChanges();
  for (let call = 0; call < 50; call += 1) {
    assert.equal((await tryOn(rig, serverPassword))[0], 200);
  }
  assert.deepEqual(table.takeChanges(), [], 'and costs no write');
  rig.nowMs += 31 * 86_400_000;
  await guess(rig, freeGuesses);
  assert.equal((await tryOn(rig, serverPassword))[0], 429, 'a month later it is a guess again');
});

test('forty first calls with the right password at once: who waits is let in then', async () => {
  const rig = new AdminRig();
  const first = await Promise.all(Array.from({ length: 40 }, () => tryOn(rig, serverPassword)));
  assert(first.some(([status]) => status === 200));
  assert(first.every(([status]) => status === 200 || status === 429));
  rig.nowMs += 2_000;
  const then = await Promise.all(Array.from({ length: 40 }, () => tryOn(rig, serverPassword)));
  assert(then.every(([status]) => status === 200));
});

test("a hub's administrator cannot guess the server's password between right ones", async () => {
  const rig = new AdminRig();
  await rig.createHub('Hub', 1, 'hub-password');
  const from = '198.51.100.77';
  for (let count = 1; count < freeGuesses; count += 1) {
    assert.equal((await tryOn(rig, `guess ${count}`, from))[0], 401);
    assert.equal((await tryOn(rig, 'hub-password', from, 'hUB'))[0], 200);
  }
  assert.equal((await tryOn(rig, 'guess 20', from))[0], 401);
  assert.equal((await tryOn(rig, 'guess 21', from))[0], 429);
  assert.equal((await tryOn(rig, 'hub-password', from, 'Hub'))[0], 200, 'known: it is let in');
});

test('one source does not lock another; an IPv6 customer is one source', async () => {
  const rig = new AdminRig();
  await guess(rig, freeGuesses, '2001:db8:1:2::1');
  assert.equal((await tryOn(rig, serverPassword, '2001:db8:1:2:ffff::9'))[0], 429);
  assert.equal((await tryOn(rig, serverPassword, '2001:db8:1:3::1'))[0], 200);
  assert.equal((await tryOn(rig, serverPassword, '192.0.2.4'))[0], 200);
});

test('a password that was changed is wrong at once, and then a guess like any other', async () => {
  const rig = new AdminRig();
  assert.equal((await tryOn(rig, serverPassword))[0], 200);
  await rig.call('SetServerPassword', { PlainTextPassword_str: 'next' });
  await guess(rig, 1);
  for (let count = 1; count < freeGuesses; count += 1) {
    assert.equal((await tryOn(rig, serverPassword))[0], 401);
  }
  assert.equal((await tryOn(rig, serverPassword))[0], 429);
});

test('what is no guess is not counted', async () => {
  const table = new WatchedTable();
  const rig = new AdminRig(table);
  for (let count = 0; count < 2 * freeGuesses; count += 1) {
    await tryOn(rig, '');
    await tryOn(rig, 'x'.repeat(600));
    await rig.request('/api/', { method: 'POST', body });
  }
  assert.deepEqual(table.takeChanges(), []);
});

test('the record keeps no password that could be tried on it', async () => {
  const rig = new AdminRig();
  await tryOn(rig, serverPassword);
  const record = await rig.stores.adminDoors.get('203.0.113.9');
  const [known] = record?.known ?? [];
  assert.deepEqual([known?.hub, record?.guesses], ['', undefined]);
  assert.equal(
    rig.sealer.open(known?.sealed ?? Buffer.alloc(0), 'admin-door:192.0.2.1:'),
    undefined,
  );
});
