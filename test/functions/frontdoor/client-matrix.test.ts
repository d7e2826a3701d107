import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ticketDigest } from '#functions/domain/ticket.ts';
import { clientRetry } from '#shared/wire/error-code.ts';
import type { Login } from '#shared/wire/login.ts';
import { defaultPolicy } from '#shared/wire/policy.ts';
import { ControlPlane } from '../control-plane.ts';

type Outcome = 'any number of connections' | 'one connection' | 'told 33';

/** The rows of protocol/04 §3: a client, and what it gets when configured by name. */
const rows: readonly (readonly [string, number, number, Outcome])[] = [
  ['tag 5.01.9672', 501, 9672, 'told 33'],
  ['tag 5.01.9674, Debian', 501, 9674, 'told 33'],
  ['5.01 before 9672, not tested by anyone', 501, 9671, 'told 33'],
  ['tag 5.02.0', 502, 0, 'told 33'],
  ['tag 5.02.5180', 502, 5180, 'told 33'],
  ['5.02.5181, the first half fixed', 502, 5181, 'one connection'],
  ['5.02.5187', 502, 5187, 'one connection'],
  ['what may come after', 503, 1, 'one connection'],
  ['stable 4.25', 425, 9656, 'any number of connections'],
  ['stable 4.43', 443, 9799, 'any number of connections'],
  ['stable 4.44', 444, 9807, 'any number of connections'],
];

/** Hosts by which a client is configured, as it repeats them. */
const names = ['vpn.example.com', '203.0.113.1/tcp', 'localhost'];
const literals = ['203.0.113.1', ''];
const kinds = [
  { clientStr: 'SoftEther VPN Client' },
  { clientStr: 'SoftEther VPN Server (64 bit) (Cascade Mode)' },
];

async function cluster(): Promise<{ outcomeOf: (changes: Partial<Login>) => Promise<Outcome> }> {
  const plane = new ControlPlane();
  await plane.createHub('OFFICE', 'static');
  await plane.createUser('OFFICE', 'guest', undefined);
  const member = await plane.startMember('i-a');
  const outcomeOf = async (changes: Partial<Login>): Promise<Outcome> => {
    const answer = await plane.logIn({ hub: 'OFFICE', user: 'guest', changes });
    if (answer.kind === 'error') {
      assert.equal(answer.code, 33);
      assert.equal(clientRetry(answer.code), 'retry-interval');
      assert.equal(plane.rejections().at(-1)?.['reason'], 'name-configured-client');
      return 'told 33';
    }
    const grant = await member.redeem(ticketDigest(answer.redirect.ticket));
    assert(grant.kind === 'ok');
    return grant.value.singleConnection ? 'one connection' : 'any number of connections';
  };
  return { outcomeOf };
}

for (const [client, clientVer, clientBuild, byName] of rows) {
  test(`${client}: ${byName} by name, any number by address`, async () => {
    const { outcomeOf } = await cluster();
    for (const kind of kinds) {
      const version = { ...kind, clientVer, clientBuild };
      for (const serverHostname of names) {
        assert.equal(await outcomeOf({ ...version, serverHostname }), byName, serverHostname);
      }
      for (const serverHostname of literals) {
        const outcome = await outcomeOf({ ...version, serverHostname });
        assert.equal(outcome, 'any number of connections', serverHostname);
      }
    }
  });
}

test('the Welcome timeout is the shorter of hub and user, from 2 s', async () => {
  for (const [sessionTimeoutMs, timeoutSec, granted] of [
    [5_000, 20, 5_000] as const,
    [2_000, 20, 2_000] as const,
    [60_000, 20, 20_000] as const,
    [60_000, 0, 60_000] as const,
    [5_000, 1, 2_000] as const,
  ]) {
    const plane = new ControlPlane();
    await plane.createHub('OFFICE', 'static', { sessionTimeoutMs });
    const policy = { ...defaultPolicy, timeoutSec };
    await plane.createUser('OFFICE', 'guest', undefined, { policy });
    const member = await plane.startMember('i-a');
    const redirect = await plane.redirectOf({ hub: 'OFFICE', user: 'guest' });
    const grant = await member.redeem(ticketDigest(redirect.ticket));
    assert.equal(grant.kind === 'ok' && grant.value.sessionTimeoutMs, granted);
  }
});
