import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { GenuineClient } from '#test/netns/genuine-client.ts';
import { eventually } from '#test/support/eventually.ts';
import { type Caller, connectLimitMs, Stage } from './stage.ts';

let stage: Stage;
const alice: Caller = {
  hub: 'OFFICE',
  user: 'alice',
  credential: { kind: 'password', password: 'pw-alice' },
};

before(async () => {
  stage = await Stage.raise('efrefu');
  await stage.createHub('OFFICE', 'dynamic');
  await stage.createHub('CLOSED', 'dynamic');
  await stage.createUser(alice);
  await stage.createUser({ ...alice, hub: 'CLOSED' });
  await stage.cluster.rpc('SetHub', { HubName_str: 'CLOSED', Online_bool: false });
});
after(() => stage?.lower());

/** SoftEther's own number for each, and what the log must name (protocol/02 §9). */
const refusals: readonly (Caller & { fault: string; code: number; reason: RegExp })[] = [
  {
    ...alice,
    fault: 'a wrong password',
    credential: { kind: 'password', password: 'not-hers' },
    code: 9,
    reason: /password/i,
  },
  { ...alice, fault: 'an unknown hub', hub: 'NOWHERE', code: 8, reason: /hub/i },
  { ...alice, fault: 'an unknown user', user: 'mallory', code: 9, reason: /user/i },
  { ...alice, fault: 'a hub that is offline', hub: 'CLOSED', code: 10, reason: /offline|stopped/i },
];

for (const { fault, code, reason, ...caller } of refusals) {
  test(`${fault}: the client shows error ${code}, the log names why`, async () => {
    const client: GenuineClient = await stage.dial(caller);
    await client.failure(code, connectLimitMs);
    assert.equal((await client.status()).established, false);
    await eventually(() => {
      const lines = stage.cluster
        .logs()
        .split('\n')
        .filter((line) => line.includes('login.reject'));
      const named = lines.some((line) => line.includes(caller.user) && reason.test(line));
      return named
        ? undefined
        : `no rejection of ${caller.user} names ${reason}: ${lines.join('\n')}`;
    }, 5_000);
    await client.kill();
  });
}
