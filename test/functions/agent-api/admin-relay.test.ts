import assert from 'node:assert/strict';
import { test } from 'node:test';
import { freeGuessesOfMember } from '#functions/agent-api/admin-relay.ts';
import { adminSessionTtlMs } from '#functions/agent-api/admin-relay-session.ts';
import { freeGuesses } from '#functions/domain/admin-door.ts';
import { challengeTtlMs } from '#functions/domain/challenge.ts';
import { adminCallRequestSchema } from '#shared/contract/admin-relay.ts';
import { agentRoutes } from '#shared/contract/routes.ts';
import { errorCode } from '#shared/wire/error-code.ts';
import { encodePack, Pack } from '#shared/wire/pack.ts';
import { hashServerPassword } from '#shared/wire/password.ts';
import { adminPassword, ControlPlane } from '../control-plane.ts';
import { proveTo, RelayedAdmin } from '../relayed-admin.ts';

const newPassword = 'another-password';

async function plane() {
  const control = new ControlPlane();
  const member = await control.startMember('i-a');
  const server = await RelayedAdmin.at(member);
  const hub = new Pack()
    .setStr('HubName', 'office')
    .setStr('AdminPasswordPlainText', 'hub-password')
    .setInt('HubType', 2);
  assert.equal(await server.errorOf('CreateHub', hub), 0);
  return { control, member, server };
}

const rejected = (code: number) => ({ kind: 'rejected', code });

test('the server’s administrator is told what there is, a hub’s of its own hub', async () => {
  const { member, server } = await plane();
  assert.equal((await server.call('GetServerInfo'))?.int('ServerType'), 1);
  await server.call('CreateHub', new Pack().setStr('HubName', 'campus').setInt('HubType', 1));
  const all = await server.call('EnumHub');
  assert.deepEqual(all?.strs('HubName'), ['campus', 'office']);
  assert.deepEqual(all?.ints('HubType'), [1, 2]);
  const hub = await RelayedAdmin.at(member, { hub: 'OFFICE', password: 'hub-password' });
  assert.deepEqual((await hub.call('EnumHub'))?.strs('HubName'), ['office']);
  const others = new Pack().setStr('HubName', 'campus');
  assert.equal(await hub.errorOf('GetHub', others), errorCode.notEnoughRight);
  assert.equal(await hub.errorOf('DeleteHub', others), errorCode.notEnoughRight);
});

test('a wrong password and a hub that is none are told apart by nobody', async () => {
  const { control, member } = await plane();
  for (const wish of [
    { password: 'wrong' },
    { hub: 'office', password: 'wrong' },
    { hub: 'office', password: adminPassword },
    { hub: 'nowhere', password: 'hub-password' },
    { password: '' },
  ]) {
    assert.deepEqual(await proveTo(member, wish), rejected(errorCode.accessDenied));
  }
  const reasons = control.log.of('admin.rejected').map(({ reason }) => reason);
  const wrong = 'wrong-password';
  assert.deepEqual(reasons, [wrong, wrong, wrong, 'no-such-hub', wrong]);
  assert.doesNotMatch(JSON.stringify(control.log.entries), /hub-password|first-password/);
});

test('a proof is good for a minute, for its challenge and the member that had it', async () => {
  const { control, member } = await plane();
  const other = await control.startMember('i-b');
  const { adminChallenge: challenge = '' } = await member.beat();
  const away = rejected(errorCode.controllerConnectFailed);
  assert.deepEqual(await proveTo(other, { challenge }), away);
  const altered = challenge.replace(/.$/, (last) => (last === 'A' ? 'B' : 'A'));
  assert.deepEqual(await proveTo(member, { challenge: altered }), away);
  assert.deepEqual(await proveTo(member, { challenge: 'made up' }), away);
  control.clock.advance(challengeTtlMs);
  assert.equal((await proveTo(member, { challenge })).kind, 'admitted');
  control.clock.advance(1);
  assert.deepEqual(await proveTo(member, { challenge }), away);
  const reasons = control.log.of('admin.rejected').map(({ reason }) => reason);
  const made = ['challenge-foreign', 'challenge-foreign', 'challenge-malformed'];
  assert.deepEqual(reasons, [...made, 'challenge-expired']);
});

test('a session is over for another member, after its time, and when it was altered', async () => {
  const { control, member, server } = await plane();
  const other = await control.startMember('i-b');
  assert.equal(await new RelayedAdmin(other, server.session).call('Test'), undefined);
  const altered = `${server.session.slice(0, -2)}AA`;
  assert.equal(await new RelayedAdmin(member, altered).call('Test'), undefined);
  control.clock.advance(adminSessionTtlMs - 1);
  assert.equal(await server.errorOf('Test'), 0);
  control.clock.advance(1);
  assert.equal(await server.call('Test'), undefined);
});

test('a changed password ends all sessions but that of who changed it', async () => {
  const { member, server } = await plane();
  const colleague = await RelayedAdmin.at(member);
  const hash = hashServerPassword(newPassword);
  assert.equal(
    await server.errorOf('SetServerPassword', new Pack().setData('HashedPassword', hash)),
    0,
  );
  assert.equal(await server.errorOf('Test'), 0);
  assert.equal(await colleague.call('Test'), undefined);
  assert.deepEqual(await proveTo(member), rejected(errorCode.accessDenied));
  assert.equal((await proveTo(member, { password: newPassword })).kind, 'admitted');

  const hub = await RelayedAdmin.at(member, { hub: 'office', password: 'hub-password' });
  const change = new Pack().setStr('HubName', 'office').setStr('AdminPasswordPlainText', 'x');
  assert.equal(await hub.errorOf('SetHub', change), 0);
  assert.equal(await hub.errorOf('Test'), 0);
  assert.equal(await server.errorOf('DeleteHub', new Pack().setStr('HubName', 'office')), 0);
  assert.equal(await hub.call('Test'), undefined, 'its hub is gone');
});

test('a function nobody knows, none at all, and a call that is no PACK', async () => {
  const { server } = await plane();
  assert.equal(await server.errorOf('EnumEthernetOfMine'), errorCode.notSupported);
  assert.equal((await server.send(encodePack(new Pack())))?.int('error'), errorCode.notSupported);
  assert.equal(await server.errorOf('GetHub'), errorCode.invalidParameter);
  assert.equal(await server.send(Buffer.from('ffffffff', 'hex')), undefined);
  assert.equal(await server.send(Buffer.alloc(0)), undefined);
});

test('a call longer than may be is refused by the contract', async () => {
  const { member, server } = await plane();
  const call = Buffer.alloc(512 * 1024 + 3).toString('base64');
  assert.ok(!adminCallRequestSchema.safeParse({ session: 's', call }).success);
  const reply = await member.post(agentRoutes.adminCall, { session: server.session, call });
  assert.equal(reply.kind === 'problem' && reply.status, 400);
});

test('of a thousand guesses from one address twenty are looked at, to nobody’s harm', async () => {
  const { control, member } = await plane();
  const other = await control.startMember('i-b');
  const { adminChallenge: challenge = '' } = await member.beat();
  const guess = (address: string, password = 'guess') =>
    proveTo(member, { challenge, address, password });
  const answers = [];
  for (let count = 0; count < 1_000; count += 1) answers.push(await guess('198.51.100.7'));
  const looked = answers.filter(
    (answer) => answer.kind === 'rejected' && answer.code === errorCode.accessDenied,
  );
  assert.equal(looked.length, freeGuesses);
  const locked = rejected(errorCode.serverCannotAccept);
  assert.deepEqual(await guess('198.51.100.7', adminPassword), locked);
  assert.equal((await guess('198.51.100.8', adminPassword)).kind, 'admitted');
  const elsewhere = { address: '198.51.100.7' };
  assert.equal((await proveTo(other, elsewhere)).kind, 'admitted', 'at another member');
});

test('a member that makes addresses up has no more guesses for it', async () => {
  const { control, member } = await plane();
  const { adminChallenge: challenge = '' } = await member.beat();
  let looked = 0;
  for (let count = 0; count < 300; count += 1) {
    const address = `198.51.${count >> 8}.${count & 255}`;
    const answer = await proveTo(member, { challenge, address, password: 'guess' });
    if (answer.kind === 'rejected' && answer.code === errorCode.accessDenied) looked += 1;
  }
  assert.equal(looked, freeGuessesOfMember);
  // Who proved the password there before is no guesser.
  assert.equal((await proveTo(member, { challenge })).kind, 'admitted');
  const other = await control.startMember('i-b');
  assert.equal((await proveTo(other, { address: '192.0.2.200' })).kind, 'admitted');
});
