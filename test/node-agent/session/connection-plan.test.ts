import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { planConnections } from '#node-agent/session/connection-plan.ts';

interface Case {
  readonly wants: number;
  readonly half?: boolean;
  readonly qos?: boolean;
  readonly policy?: number;
  readonly noQos?: boolean;
  readonly single?: boolean;
  readonly monitor?: boolean;
  /** Connections, half duplex, QoS. */
  readonly gets: readonly [number, boolean, boolean];
}

const cases: readonly Case[] = [
  { wants: 1, gets: [1, false, false] },
  { wants: 8, gets: [8, false, false] },
  { wants: 8, policy: 4, gets: [4, false, false] },
  { wants: 32, policy: 0, gets: [32, false, false] },
  { wants: 32, policy: 99, gets: [32, false, false] },
  { wants: 8, single: true, gets: [1, false, false] },
  // Wishes raise the number to what they need ...
  { wants: 1, qos: true, gets: [2, false, true] },
  { wants: 1, half: true, gets: [2, true, false] },
  { wants: 1, half: true, qos: true, gets: [4, true, true] },
  { wants: 8, half: true, qos: true, gets: [8, true, true] },
  // ... but never above the policy, or for a client that can have only one.
  { wants: 8, qos: true, policy: 1, gets: [1, false, false] },
  { wants: 8, half: true, qos: true, policy: 3, gets: [3, true, false] },
  { wants: 8, half: true, policy: 2, gets: [2, true, false] },
  { wants: 8, qos: true, policy: 2, gets: [2, false, true] },
  { wants: 8, half: true, qos: true, policy: 4, gets: [4, true, true] },
  { wants: 8, half: true, policy: 1, gets: [1, false, false] },
  { wants: 8, half: true, qos: true, single: true, gets: [1, false, false] },
  { wants: 8, qos: true, noQos: true, gets: [8, false, false] },
  { wants: 8, qos: true, monitor: true, gets: [8, false, false] },
];

describe('the connections of a session', () => {
  for (const { gets, ...given } of cases) {
    test(`${JSON.stringify(given)}: ${JSON.stringify(gets)}`, () => {
      const plan = planConnections(
        {
          maxConnection: given.wants,
          halfConnection: given.half ?? false,
          qos: given.qos ?? false,
        },
        {
          policy: { maxConnection: given.policy ?? 32, noQos: given.noQos ?? false },
          single: given.single ?? false,
          monitor: given.monitor ?? false,
        },
      );
      assert.deepEqual([plan.connectionsMax, plan.halfDuplex, plan.qos], gets);
    });
  }
});
