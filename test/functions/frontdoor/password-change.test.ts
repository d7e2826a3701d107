import assert from 'node:assert/strict';
import { test } from 'node:test';
import { challengeTtlMs } from '#functions/domain/challenge.ts';
import type { Hub } from '#functions/store/hub-store.ts';
import type { Table } from '#functions/store/table.ts';
import type { User } from '#functions/store/user-store.ts';
import { hubName } from '#shared/kernel/ids.ts';
import { readError } from '#shared/wire/error-answer.ts';
import type { Hello } from '#shared/wire/hello.ts';
import { encodeLogin } from '#shared/wire/login.ts';
import { Pack } from '#shared/wire/pack.ts';
import { hashPassword, securePassword } from '#shared/wire/password.ts';
import { encodePasswordChange, type PasswordChange } from '#shared/wire/password-change.ts';
import { defaultPolicy } from '#shared/wire/policy.ts';
import { ControlPlane } from '#test/functions/control-plane.ts';
import { loginOf } from '#test/functions/login-wish.ts';
import { MemoryTable } from '#test/support/memory-table.ts';

interface Wish {
  readonly user?: string;
  readonly old?: string;
  readonly next?: string;
  readonly address?: string;
  readonly hello?: Hello;
  readonly changes?: Partial<PasswordChange>;
}

async function stage(
  hub: Partial<Hub> = {},
  user: Partial<User> = {},
  table: Table = new MemoryTable(),
) {
  const plane = new ControlPlane(table);
  await plane.createHub('Hub', 'static', hub);
  await plane.createUser('Hub', 'Alice', 'old', user);
  await plane.startMember('i-1');
  /** As the client's dialog does it: Hello, then the wish. The number of the answer. */
  const change = async (wish: Wish = {}): Promise<number> => {
    const { user: name = 'alice', old = 'old', next = 'new', address, changes } = wish;
    const hello = wish.hello ?? (await plane.hello(address));
    const pack = encodePasswordChange({
      hubName: 'hub',
      userName: name,
      secureOldPassword: securePassword(hashPassword(old, name), hello.random),
      newPassword: hashPassword(next, name),
      ...changes,
    });
    return readError(await plane.ask(pack, address));
  };
  const letsIn = async (password: string): Promise<boolean> => {
    const { kind } = await plane.logIn({ hub: 'Hub', user: 'Alice', password });
    return kind === 'redirect';
  };
  return { plane, change, letsIn };
}

const reasons = ({ log }: ControlPlane): unknown[] =>
  log.of('password.refused').map(({ reason }) => reason);

test('a user changes the password: the new one holds at once, the old one no more', async () => {
  const { plane, change, letsIn } = await stage();
  assert.equal(await change(), 0);
  assert.deepEqual([await letsIn('new'), await letsIn('old')], [true, false]);
  const user = await plane.stores.users.get(hubName('Hub'), 'alice');
  assert.equal(user?.version, 2);
  assert.equal(plane.log.of('password.changed').length, 1);
  assert.doesNotMatch(JSON.stringify(plane.log.entries), /"old"|"new"/);
});

test('Hello’s challenge counts as long as at a login, and only where it was given', async () => {
  const { plane, change } = await stage();
  const hello = await plane.hello();
  assert.equal(await change({ hello, address: '198.51.100.2' }), 69);
  plane.clock.advance(challengeTtlMs);
  assert.equal(await change({ hello }), 0);
  plane.clock.advance(60_000);
  assert.equal(await change({ hello, old: 'new' }), 69);
  assert.equal((await plane.stores.users.get(hubName('Hub'), 'alice'))?.version, 2);
});

test('a wrong old password, an unknown user, one without a password: nothing changes', async () => {
  const { plane, change, letsIn } = await stage();
  await plane.createUser('Hub', 'guest', undefined);
  assert.equal(await change({ old: 'guess' }), 69);
  assert.equal(await change({ user: 'nobody' }), 69);
  assert.equal(await change({ user: 'administrator' }), 69);
  assert.equal(await change({ user: 'guest' }), 68);
  assert.equal(await change({ changes: { hubName: 'nowhere' } }), 8);
  assert(await letsIn('old'));
  const expected = ['wrong-password', 'unknown-user', 'unknown-user', 'no-password', 'unknown-hub'];
  assert.deepEqual(reasons(plane), expected);
});

test('guesses at the old password are slowed down like those at logins', async () => {
  const { plane, change, letsIn } = await stage();
  const codes: number[] = [];
  for (let guess = 0; guess < 20; guess += 1) codes.push(await change({ old: `guess-${guess}` }));
  assert.equal(codes[0], 69);
  assert.equal(codes.at(-1), 12);
  assert.equal(await change(), 12, 'and the right one is not looked at');
  assert.equal(await letsIn('old'), false, 'there neither');
  assert(reasons(plane).includes('throttled-user'));
});

test('FixPassword: of the user, or of the group; said to who knows the password', async () => {
  const policy = { ...defaultPolicy, fixPassword: true };
  const own = await stage({}, { policy });
  assert.deepEqual([await own.change(), await own.change({ old: 'guess' })], [52, 69]);
  assert(await own.letsIn('old'));

  const grouped = await stage({}, { groupName: 'Staff' });
  const group = { name: 'Staff', version: 1, realname: '', note: '', policy, createdMs: 1 };
  await grouped.plane.stores.groups.create(hubName('Hub'), group);
  assert.equal(await grouped.change(), 52);
  const loose = await stage({}, { groupName: 'Staff', policy: defaultPolicy });
  await loose.plane.stores.groups.create(hubName('Hub'), group);
  assert.equal(await loose.change(), 0, 'the own policy goes before');
});

test('what the hub’s options deny, and its source list', async () => {
  const fixed = await stage({ adminOptions: { deny_change_user_password: 1 } });
  assert.equal(await fixed.change(), 52);
  const nonempty = await stage({ adminOptions: { deny_empty_password: 1 } });
  assert.deepEqual([await nonempty.change({ next: '' }), await nonempty.change()], [52, 0]);
  const { plane, change } = await stage();
  const hub = await plane.stores.hubs.get(hubName('Hub'));
  assert(hub);
  const deny = { id: 1, priority: 1, deny: true, address: 'c6336401' };
  await plane.stores.sourceLists.write(hub.name, 'list', [deny], 1);
  await plane.stores.hubs.replace({ ...hub, version: 2, sourceList: { id: 'list', count: 1 } }, 1);
  assert.equal(await change(), 109);
  assert.equal(await change({ address: '198.51.100.2' }), 0);
});

test('a change that loses a race is tried on what the user is then', async () => {
  const { plane, change, letsIn } = await stage();
  const { users } = plane.stores;
  const get = users.get.bind(users);
  let races = 1;
  users.get = async (hub, name) => {
    const user = await get(hub, name);
    if (user !== undefined && races-- > 0) {
      await users.replace(hub, { ...user, version: user.version + 1, note: 'meanwhile' }, 1);
    }
    return user;
  };
  assert.equal(await change(), 0);
  assert.equal((await get(hubName('Hub'), 'alice'))?.note, 'meanwhile');
  assert(await letsIn('new'));
});

test('what is no change of a password is a protocol error', async () => {
  const { plane } = await stage();
  const full = () =>
    new Pack()
      .setStr('method', 'password')
      .setStr('hubname', 'Hub')
      .setStr('username', 'alice')
      .setData('secure_old_password', Buffer.alloc(20))
      .setData('new_password', Buffer.alloc(20));
  assert.equal(readError(await plane.ask(full())), 69);
  const short = Buffer.alloc(19);
  for (const wrong of [
    full().setStr('hubname', ''),
    full().setStr('username', ''),
    full().setStr('username', 'x'.repeat(256)),
    full().setData('secure_old_password', short),
    full().setData('new_password', short),
  ]) {
    assert.equal(readError(await plane.ask(wrong)), 4);
  }
});

test('NoSavePassword: the answer to a failed login says so', async () => {
  const policy = { ...defaultPolicy, noSavePassword: true, access: true };
  const { plane } = await stage({}, { policy });
  await plane.createUser('Hub', 'bob', 'pw');
  await plane.createUser('Hub', 'carol', 'pw', { policy: { ...policy, access: false } });
  for (const [user, password, code, expected] of [
    ['alice', 'guess', 9, true],
    ['bob', 'guess', 9, false],
    ['nobody', 'guess', 9, false],
    ['carol', 'pw', 12, true],
  ] as const) {
    const hello = await plane.hello();
    const answer = await plane.ask(encodeLogin(loginOf(hello, { hub: 'Hub', user, password })));
    const said = [readError(answer), answer.bool('no_save_password')];
    assert.deepEqual(said, [code, expected], user);
  }
});
