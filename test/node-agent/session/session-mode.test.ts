import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { decideMode } from '#node-agent/session/session-mode.ts';
import { addressLimitsOf } from '#node-agent/switch/port-policy.ts';
import { defaultPolicy, type Policy } from '#shared/wire/policy.ts';

const none = Number.POSITIVE_INFINITY;

const client = {
  clientStr: 'SoftEther VPN Client',
  requireBridgeRoutingMode: false,
  requireMonitorMode: false,
};
const bridgeClient = { ...client, requireBridgeRoutingMode: true };
const cascade = { ...client, clientStr: 'SoftEther VPN Server (Cascade Mode)' };
const monitor = { ...client, requireMonitorMode: true };

function limits(wishes: typeof client, policy: Partial<Policy> = {}): unknown {
  const decided = decideMode(wishes, { ...defaultPolicy, ...policy });
  if (decided.kind !== 'allowed') return decided.kind;
  const { macsMax, ip4Max } = addressLimitsOf(decided.mode.policy);
  return [macsMax, ip4Max];
}

describe('how a session takes part', () => {
  test('a plain client: 3 MAC and 4 IPv4 addresses, whatever its policy allows', () => {
    assert.deepEqual(limits(client), [3, 4]);
    assert.deepEqual(limits(client, { maxMac: 10, maxIp: 10 }), [3, 4]);
    assert.deepEqual(limits(client, { noBridge: true, noRouting: true }), [3, 4]);
  });

  test('its Welcome says that it may neither bridge nor route', () => {
    const decided = decideMode(client, defaultPolicy);
    assert.ok(decided.kind === 'allowed');
    assert.deepEqual([decided.mode.policy.noBridge, decided.mode.policy.noRouting], [true, true]);
  });

  for (const wishes of [bridgeClient, cascade]) {
    test(`${wishes.clientStr}, bridge: ${wishes.requireBridgeRoutingMode}: no limit`, () => {
      assert.deepEqual(limits(wishes), [none, none]);
      assert.deepEqual(limits(wishes, { maxMac: 10, maxIp: 2 }), [10, 4]);
      assert.deepEqual(limits(wishes, { noBridge: true }), [3, none]);
      assert.deepEqual(limits(wishes, { noRouting: true }), [none, 4]);
      assert.equal(limits(wishes, { noBridge: true, noRouting: true }), 'bridge-denied');
    });
  }

  test('a monitor needs the policy for it: the login at the member is not trusted', () => {
    assert.equal(limits(monitor), 'monitor-denied');
    assert.deepEqual(limits(monitor, { monitorPort: true }), [3, 4]);
  });

  for (const wishes of [client, bridgeClient, monitor]) {
    const { requireMonitorMode: asked } = wishes;
    test(`who may monitor is told to be ${asked ? 'a' : 'no'} monitor, as asked for`, () => {
      const decided = decideMode(wishes, { ...defaultPolicy, monitorPort: true });
      assert.ok(decided.kind === 'allowed');
      assert.deepEqual([decided.mode.policy.monitorPort, decided.mode.monitor], [asked, asked]);
    });
  }
});
