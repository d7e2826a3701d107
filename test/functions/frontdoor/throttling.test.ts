import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MemoryTable } from '#test/support/memory-table.ts';
import { ControlPlane } from '../control-plane.ts';
import { FaultyTable } from '../faulty-table.ts';
import type { LoginWish } from '../login-wish.ts';

const attacker = '198.51.100.66';
const alice: LoginWish = { hub: 'OFFICE', user: 'alice', password: 'pass1234' };
const wrong: LoginWish = { ...alice, password: 'guess', address: attacker };

async function cluster(): Promise<{
  plane: ControlPlane;
  table: FaultyTable;
  failures: () => number;
}> {
  const table = new FaultyTable(new MemoryTable());
  const plane = new ControlPlane(table);
  await plane.createHub('OFFICE', 'static');
  await plane.createUser('OFFICE', 'Alice', 'pass1234');
  await plane.startMember('i-a');
  let writes = 0;
  table.before = async ({ key }) => {
    if (key.pk.startsWith('THROTTLE#')) writes += 1;
  };
  return { plane, table, failures: () => writes };
}

async function guess(plane: ControlPlane, times: number, wish = wrong): Promise<void> {
  for (let guesses = 0; guesses < times; guesses += 1) {
    assert.deepEqual(await plane.logIn(wish), { kind: 'error', code: 9 });
  }
}

test('after five guesses even the right password is not looked at, for 2 s', async () => {
  const { plane } = await cluster();
  await guess(plane, 5);
  const locked = { code: 12, reason: 'throttled-user' };
  assert.deepEqual(await plane.rejectionOf(wrong), locked);
  assert.deepEqual(await plane.rejectionOf({ ...alice, address: attacker }), locked);
  assert.deepEqual(plane.log.of('login.throttled'), [
    { source: attacker, locked: 'user', count: 5, forMs: 2_000 },
  ]);
  plane.clock.advance(2_000);
  await guess(plane, 1);
  plane.clock.advance(3_999);
  assert.equal((await plane.rejectionOf(wrong)).reason, 'throttled-user');
  plane.clock.advance(1);
  await plane.startMember('i-a');
  await plane.redirectOf({ ...alice, address: attacker });
});

test('a locked-out attacker locks nobody out: the victim logs in from elsewhere', async () => {
  const { plane, failures } = await cluster();
  await guess(plane, 5);
  assert.equal((await plane.rejectionOf(wrong)).reason, 'throttled-user');
  const before = failures();
  await plane.redirectOf({ ...alice, address: '203.0.113.5' });
  assert.equal(failures(), before, 'and nothing is written for it');
  await plane.createUser('OFFICE', 'bob', 'secret');
  await plane.redirectOf({ ...alice, user: 'bob', password: 'secret', address: attacker });
});

test('users that exist and users that do not are locked alike', async () => {
  const { plane } = await cluster();
  const nobody = { ...wrong, user: 'nobody' };
  await guess(plane, 5, nobody);
  assert.deepEqual(await plane.rejectionOf(nobody), { code: 12, reason: 'throttled-user' });
});

test('trying one password on many users locks the source', async () => {
  const { plane } = await cluster();
  for (let user = 0; user < 30; user += 1)
    await guess(plane, 1, { ...wrong, user: `user-${user}` });
  const locked = { code: 12, reason: 'throttled-source' };
  assert.deepEqual(await plane.rejectionOf({ ...alice, address: attacker }), locked);
  await plane.redirectOf(alice);
});

test('a success clears the failures before it, with one write', async () => {
  const { plane, failures } = await cluster();
  await guess(plane, 4);
  await plane.redirectOf({ ...alice, address: attacker });
  assert.equal(failures(), 5);
  await plane.redirectOf({ ...alice, address: attacker });
  assert.equal(failures(), 5);
  await guess(plane, 4);
});

test('what is no attempt at a password is not counted', async () => {
  const { plane, failures } = await cluster();
  const hello = await plane.hello('192.0.2.9');
  for (let login = 0; login < 10; login += 1) {
    await plane.logInWith(hello, { ...alice, address: attacker }); // another's challenge
    await plane.logIn({ ...wrong, hub: 'NOWHERE' });
  }
  assert.equal(failures(), 0);
  await plane.redirectOf({ ...alice, address: attacker });
});

test('failures at the same moment all count', async () => {
  const { plane } = await cluster();
  await Promise.all(Array.from({ length: 6 }, () => plane.logIn(wrong)));
  const record = await plane.stores.throttle.get(attacker);
  assert.equal(record?.source.count, 6);
  assert.equal((await plane.rejectionOf(wrong)).reason, 'throttled-user');
});

test('the record has a time to be swept at, and no names', async () => {
  const { plane, table } = await cluster();
  await guess(plane, 6 - 1);
  const item = await table.get({ pk: `THROTTLE#${attacker}`, sk: 'FAILURES' });
  assert(Number(item?.['ttl']) * 1_000 > plane.clock.nowMs() + 15 * 60_000);
  assert(!/alice|office/i.test(JSON.stringify(item)));
});
