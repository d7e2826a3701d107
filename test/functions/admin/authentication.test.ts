import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AdminRig, serverPassword } from './rig.ts';

const body = JSON.stringify({ jsonrpc: '2.0', id: '1', method: 'GetCaps', params: {} });

function basic(user: string, password: string): Record<string, string> {
  return { Authorization: `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}` };
}

async function status(rig: AdminRig, headers: Record<string, string>): Promise<number> {
  return (await rig.request('/api/', { method: 'POST', headers, body })).status;
}

test('the server administrator: by header, by Basic as administrator or as nobody', async () => {
  const rig = new AdminRig();
  assert.equal(await status(rig, { 'X-VPNADMIN-PASSWORD': serverPassword }), 200);
  assert.equal(await status(rig, basic('administrator', serverPassword)), 200);
  assert.equal(await status(rig, basic('ADMINISTRATOR', serverPassword)), 200);
  assert.equal(await status(rig, basic('', serverPassword)), 200);
});

test('a hub administrator: by header and by Basic, the hub in any case', async () => {
  const rig = new AdminRig();
  await rig.createHub('Sales', 2, 'hub:pw');
  const headers = { 'X-VPNADMIN-HUBNAME': 'sALES', 'X-VPNADMIN-PASSWORD': 'hub:pw' };
  assert.equal(await status(rig, headers), 200);
  assert.equal(await status(rig, basic('sales', 'hub:pw')), 200);
});

test('whatever is wrong with the credentials, the answer is the same 401', async () => {
  const rig = new AdminRig();
  await rig.createHub('Locked', 2);
  await rig.createHub('Sales', 2, 'hub-password');
  const wrong: readonly (readonly [string, Record<string, string>])[] = [
    ['no-credentials', {}],
    ['no-credentials', { Authorization: 'Bearer abc' }],
    ['wrong-password', { 'X-VPNADMIN-PASSWORD': 'wrong' }],
    ['wrong-password', basic('administrator', 'wrong')],
    ['empty-password', basic('administrator', '')],
    ['empty-password', { 'X-VPNADMIN-HUBNAME': 'Sales' }],
    ['wrong-password', { 'X-VPNADMIN-HUBNAME': 'Sales', 'X-VPNADMIN-PASSWORD': serverPassword }],
    ['no-such-hub', { 'X-VPNADMIN-HUBNAME': 'Nowhere', 'X-VPNADMIN-PASSWORD': 'x' }],
    ['no-password-set', { 'X-VPNADMIN-HUBNAME': 'Locked', 'X-VPNADMIN-PASSWORD': 'x' }],
    ['empty-password', basic('Locked', '')],
    ['credentials-too-long', { 'X-VPNADMIN-PASSWORD': 'x'.repeat(513) }],
    ['credentials-too-long', basic('h'.repeat(256), 'x')],
  ];
  const answers = new Set<string>();
  for (const [reason, headers] of wrong) {
    const response = await rig.request('/api/', { method: 'POST', headers, body });
    const text = await response.text();
    answers.add(JSON.stringify([response.status, [...response.headers], text]));
    assert.deepEqual(
      [rig.logged.at(-1)?.event, rig.logged.at(-1)?.fields['reason']],
      ['admin.rejected', reason],
    );
    assert.equal(response.status, 401);
    assert.match(response.headers.get('WWW-Authenticate') ?? '', /^Basic realm="/);
    assert.match(response.headers.get('Content-Type') ?? '', /^text\/html/);
    assert.match(text, /401 Unauthorized/);
  }
  assert.equal(answers.size, 1);
});

test('an empty first password opens nothing', async () => {
  const rig = new AdminRig();
  rig.firstPassword = '';
  assert.equal(await status(rig, basic('administrator', '')), 401);
  assert.equal(await status(rig, basic('administrator', 'x')), 401);
  assert.equal(await status(rig, {}), 401);
});

test('a changed server password holds at once and the first one no more', async () => {
  const rig = new AdminRig();
  const result = await rig.call('SetServerPassword', { PlainTextPassword_str: 'second' });
  assert.equal(result.PlainTextPassword_str, '');
  assert.deepEqual(await rig.call('EnumHub'), { status: 401 });
  assert.deepEqual(await rig.call('EnumHub', {}, { password: 'second' }), { HubList: [] });
  const stored = await rig.stores.server.get();
  assert.ok(stored.sealedPassword !== undefined && stored.sealedPassword.length > 20);
});

test('a server password is taken as a hash too, never an empty one', async () => {
  const rig = new AdminRig();
  const refused = [
    {},
    { PlainTextPassword_str: '' },
    { HashedPassword_bin: '+WzqGYrR3VYXrAhKPZLGEHcIwO8=' }, // SHA-0 of nothing
    { HashedPassword_bin: Buffer.alloc(20).toString('base64') },
    { HashedPassword_bin: Buffer.alloc(19, 1).toString('base64') },
  ];
  for (const params of refused) {
    assert.deepEqual(await rig.call('SetServerPassword', params), { error: 38 });
  }
  // SHA-0 of "secret1" as a genuine server stores it (protocol/03).
  const hash = Buffer.from('a31571f34bb22343d11d2ac6b50617a2b8ee52c3', 'hex').toString('base64');
  await rig.call('SetServerPassword', { HashedPassword_bin: hash });
  assert.deepEqual(await rig.call('EnumHub', {}, { password: 'secret1' }), { HubList: [] });
});

test('the hash of nothing as a hub password: none, and nobody administers the hub', async () => {
  const rig = new AdminRig();
  await rig.createHub('Sales', 2, 'hub-password');
  await rig.call('SetHub', {
    HubName_str: 'Sales',
    HashedPassword_bin: '+WzqGYrR3VYXrAhKPZLGEHcIwO8=',
    SecurePassword_bin: 'bpw3X/O5E8a6G6ccnl4uXmDtkwI=',
  });
  const hub = await rig.stores.hubs.get(rig.hub('Sales'));
  assert.equal(hub?.sealedPassword, undefined);
  assert.equal(hub?.sealedSecurePassword, undefined);
  const as = { hub: 'Sales', password: 'hub-password' };
  assert.deepEqual(await rig.call('GetHub', { HubName_str: 'Sales' }, as), { status: 401 });
});

test('passwords sealed with another secret: an error of ours, not an open door', async () => {
  const rig = new AdminRig();
  await rig.stores.server.setPassword(Buffer.alloc(48, 7));
  assert.deepEqual(await rig.call('EnumHub'), { status: 500 });
  assert.equal(rig.logged.at(-1)?.event, 'admin.failed');
});
