import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Ip4Limit, ip4AgeMs } from '#node-agent/switch/ip4-limit.ts';
import { broadcast, mac } from '#test/support/frames.ts';

function ip4(source: string, options: { protocol?: number; sourcePort?: number } = {}): Buffer {
  const packet = Buffer.alloc(28);
  packet[0] = 0x45;
  packet[9] = options.protocol ?? 1;
  Buffer.from(source.split('.').map(Number)).copy(packet, 12);
  packet.writeUInt16BE(options.sourcePort ?? 0, 20);
  return Buffer.concat([broadcast, mac(1), Buffer.from('0800', 'hex'), packet]);
}

function arp(sender: string): Buffer {
  const body = Buffer.from('00010800060400010200000000010a00000100000000000000000000', 'hex');
  Buffer.from(sender.split('.').map(Number)).copy(body, 14);
  return Buffer.concat([broadcast, mac(1), Buffer.from('0806', 'hex'), body]);
}

describe('an IPv4 limit of 2', () => {
  test('two addresses are known, a third is not admitted, the two still are', () => {
    const limit = new Ip4Limit(2);
    assert.ok(limit.admits(ip4('10.0.0.1'), 0));
    assert.ok(limit.admits(arp('10.0.0.2'), 0));
    assert.ok(!limit.admits(ip4('10.0.0.3'), 0));
    assert.ok(!limit.admits(arp('10.0.0.3'), 0));
    assert.ok(limit.admits(arp('10.0.0.1'), 0));
    assert.ok(limit.admits(ip4('10.0.0.2'), 0));
  });

  test('an address not used for a minute makes room', () => {
    const limit = new Ip4Limit(1);
    limit.admits(ip4('10.0.0.1'), 0);
    assert.ok(!limit.admits(ip4('10.0.0.2'), ip4AgeMs - 1));
    assert.ok(limit.admits(ip4('10.0.0.2'), ip4AgeMs));
    assert.ok(!limit.admits(ip4('10.0.0.1'), ip4AgeMs));
  });

  for (const [what, free] of [
    ['DHCP from 0.0.0.0', ip4('0.0.0.0', { protocol: 17, sourcePort: 68 })],
    ['DHCP renewal', ip4('10.0.0.9', { protocol: 17, sourcePort: 68 })],
    ['an ARP probe', arp('0.0.0.0')],
    ['255.255.255.255', ip4('255.255.255.255')],
    ['IPv6', Buffer.concat([broadcast, mac(1), Buffer.from('86dd', 'hex'), Buffer.alloc(40)])],
    ['a frame too short to tell', ip4('10.0.0.9').subarray(0, 30)],
  ] as const) {
    test(`${what} does not count`, () => {
      const limit = new Ip4Limit(1);
      limit.admits(ip4('10.0.0.1'), 0);
      assert.ok(limit.admits(free, 0));
    });
  }
});
