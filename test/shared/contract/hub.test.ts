import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { plainHubOptions } from '#node-agent/switch/hub-rules.ts';
import {
  accessRuleSchema,
  accessRulesMax,
  sourceRuleSchema,
} from '#shared/contract/access-rule.ts';
import { hubConfigSchema } from '#shared/contract/hub.ts';
import {
  defaultHubOptions,
  hubLogSchema,
  hubOptionsSchema,
  hubOptionWireNames,
} from '#shared/contract/hub-options.ts';

const hub = { name: 'HUB', kind: 'static', version: 1, online: true } as const;
const rule = { id: 1, priority: 1, discard: true, ipVersion: 4 } as const;

describe('what a member is told of a hub', () => {
  test('an older control plane, or one with nothing to say, says only the least', () => {
    assert.deepEqual(hubConfigSchema.parse(hub), hub);
  });

  test('options left out take their defaults, and those are what the switch starts with', () => {
    assert.deepEqual(hubConfigSchema.parse({ ...hub, options: {} }).options, defaultHubOptions);
    assert.deepEqual(plainHubOptions, defaultHubOptions);
    const { filterOspf } = hubOptionsSchema.parse({ filterOspf: true });
    assert.equal(filterOspf, true);
  });

  test('every option has a name of its own on the wire', () => {
    const names = Object.values(hubOptionWireNames);
    assert.equal(new Set(names).size, names.length);
    assert.deepEqual(Object.keys(hubOptionWireNames).sort(), Object.keys(defaultHubOptions).sort());
  });

  test('packets are not logged unless somebody asks', () => {
    assert.deepEqual(hubLogSchema.parse({}), { security: true, packets: {} });
    assert.equal(hubLogSchema.safeParse({ packets: { tcp: 'everything' } }).success, false);
  });

  test('a list longer than fits is refused', () => {
    for (const [length, success] of [
      [accessRulesMax, true],
      [accessRulesMax + 1, false],
    ] as const) {
      const accessRules = Array.from({ length }, (_, i) => ({ ...rule, id: i + 1 }));
      assert.equal(hubConfigSchema.safeParse({ ...hub, accessRules }).success, success);
    }
  });

  for (const [what, given] of [
    [
      'an IPv6 address in a rule for IPv4',
      { source: { address: '0'.repeat(32), mask: '0'.repeat(32) } },
    ],
    [
      'an IPv4 address in a rule for IPv6',
      { ipVersion: 6, destination: { address: '0a000001', mask: 'ffffffff' } },
    ],
    [
      'an address and a mask of different kinds',
      { source: { address: '0a000001', mask: '0'.repeat(32) } },
    ],
    ['upper-case hex', { source: { address: '0A000001', mask: 'FFFFFFFF' } }],
    ['a MAC address of 5 bytes', { sourceMac: { address: '0200000000', mask: 'ffffffffff' } }],
    ['ports that end before they begin', { sourcePorts: { first: 2, last: 1 } }],
    ['port 65536', { destinationPorts: { first: 1, last: 65_536 } }],
    ['a delay of 10001 ms', { delayMs: 10_001 }],
    ['101 % loss', { lossPercent: 101 }],
    ['protocol 256', { protocol: 256 }],
    ['an empty URL', { redirectUrl: '' }],
    ['id 0', { id: 0 }],
  ] as const) {
    test(`refused: ${what}`, () => {
      assert.ok(accessRuleSchema.safeParse(rule).success);
      assert.equal(accessRuleSchema.safeParse({ ...rule, ...given }).success, false);
    });
  }

  test('a source rule’s mask is of its address’s kind', () => {
    const source = { id: 1, priority: 1, deny: true, address: '0a000001' };
    assert.ok(sourceRuleSchema.safeParse(source).success);
    assert.ok(sourceRuleSchema.safeParse({ ...source, mask: 'ffffff00' }).success);
    assert.equal(sourceRuleSchema.safeParse({ ...source, mask: 'f'.repeat(32) }).success, false);
  });
});
