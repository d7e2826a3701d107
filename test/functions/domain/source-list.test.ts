import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { addressHex, admitsSource } from '#functions/domain/source-list.ts';
import type { SourceRule } from '#shared/contract/access-rule.ts';

const deny = (id: number, priority: number, address: string, mask?: string): SourceRule => ({
  id,
  priority,
  deny: true,
  address,
  mask,
});
const pass = (...given: Parameters<typeof deny>): SourceRule => ({
  ...deny(...given),
  deny: false,
});

describe('a hub’s source-IP list', () => {
  test('without a list everybody may come, from wherever', () => {
    assert.ok(admitsSource([], '192.0.2.1'));
    assert.ok(admitsSource([], 'no address'));
  });

  test('no rule matches: may come', () => {
    assert.ok(admitsSource([deny(1, 1, 'c0000201')], '192.0.2.2'));
  });

  for (const [what, rules, address, admitted] of [
    ['one address', [deny(1, 1, 'c0000201')], '192.0.2.1', false],
    ['a network', [deny(1, 1, 'c0000200', 'ffffff00')], '192.0.2.77', false],
    ['a network by one of its hosts', [deny(1, 1, 'c0000207', 'ffffff00')], '192.0.2.77', false],
    ['outside of it', [deny(1, 1, 'c0000200', 'ffffff00')], '192.0.3.77', true],
    ['mapped into IPv6', [deny(1, 1, 'c0000201')], '::ffff:192.0.2.1', false],
    ['an IPv6 address', [deny(1, 1, `20010db8${'0'.repeat(24)}`)], '2001:db8::', false],
    [
      'an IPv6 network',
      [deny(1, 1, `20010db8${'0'.repeat(24)}`, `ffffffff${'0'.repeat(24)}`)],
      '2001:DB8:1::5%eth0',
      false,
    ],
    ['IPv4 rules speak of no IPv6', [deny(1, 1, '00000000', '00000000')], '2001:db8::1', true],
    ['all of IPv4', [deny(1, 1, '00000000', '00000000')], '198.51.100.1', false],
    [
      'the lower priority number first',
      [deny(1, 2, 'c0000201'), pass(2, 1, 'c0000201')],
      '192.0.2.1',
      true,
    ],
    ['also where it denies', [pass(1, 2, 'c0000201'), deny(2, 1, 'c0000201')], '192.0.2.1', false],
    [
      'of equal priority who lets in first',
      [deny(1, 1, '00000000', '00000000'), pass(2, 1, 'c0000201')],
      '192.0.2.1',
      true,
    ],
    [
      'some, and nobody else',
      [pass(1, 1, 'c0000201'), deny(2, 2, '00000000', '00000000')],
      '192.0.2.2',
      false,
    ],
    ['what is no address', [deny(1, 1, 'c0000201')], 'somewhere', false],
  ] as const) {
    test(`${what}: ${admitted ? 'may' : 'may not'}`, () => {
      assert.equal(admitsSource(rules, address), admitted);
    });
  }

  test('addresses as text', () => {
    for (const [text, hex] of [
      ['10.0.0.255', '0a0000ff'],
      ['10.0.0', undefined],
      ['10.0.0.256', undefined],
      ['', undefined],
      ['::', '0'.repeat(32)],
      ['::1', '1'.padStart(32, '0')],
      ['1::', '0001'.padEnd(32, '0')],
      ['1:2:3:4:5:6:7:8', '00010002000300040005000600070008'],
      ['1:2:3:4:5:6:7::', '00010002000300040005000600070000'],
      ['1:2:3:4:5:6:7', undefined],
      ['1:2:3:4:5:6:7:8:9', undefined],
      ['1::2::3', undefined],
      ['12345::', undefined],
      ['64:ff9b::192.0.2.1', '0064ff9b0000000000000000c0000201'],
      ['::ffff:192.0.2.1', 'c0000201'],
      ['::ffff:c000:201', 'c0000201'],
    ] as const) {
      assert.equal(addressHex(text), hex, text);
    }
  });
});
