import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { addSum, foldSum, updateChecksum } from '#node-agent/switch/parse/checksum.ts';
import { parseFrame } from '#node-agent/switch/parse/frame.ts';
import { Packet } from '#node-agent/switch/parse/packet.ts';
import { mac } from '#test/support/frames.ts';
import {
  arp,
  ethernet,
  icmp,
  ip4,
  ip6,
  tagged,
  tcp,
  tcpFlags,
  udp,
} from '#test/support/packets.ts';

function parsed(frame: Buffer, hubVlanType = 0x8100): Packet {
  const packet = new Packet();
  parseFrame(packet, frame, hubVlanType);
  return packet;
}

const of4 = (payload: Buffer, protocol: number, optionBytes = 0): Buffer =>
  ethernet(mac(2), mac(1), 0x0800, ip4(payload, { protocol, optionBytes }));
const of6 = (payload: Buffer, protocol: number): Buffer =>
  ethernet(mac(2), mac(1), 0x86dd, ip6(payload, { protocol }));
const next = (header: number, bytes = 8): Buffer => {
  const extension = Buffer.alloc(bytes);
  extension[0] = header;
  extension[1] = bytes / 8 - 1;
  return extension;
};

describe('the checksum of RFC 1071', () => {
  test('its example', () => {
    const bytes = Buffer.from('0001f203f4f5f6f7', 'hex');
    assert.equal(foldSum(addSum(bytes, 0, bytes.length)), 0xffff - 0xddf2);
  });

  test('one word changed: the same as from the start', () => {
    const word = fc.nat(0xffff);
    fc.assert(
      fc.property(
        fc.array(word, { minLength: 1, maxLength: 40 }),
        fc.nat(),
        word,
        (words, n, to) => {
          const sum = (all: readonly number[]): number => foldSum(all.reduce((a, b) => a + b, 1));
          const at = n % words.length;
          const before = words[at] as number;
          const changed = words.with(at, to);
          assert.equal(updateChecksum(sum(words), before, to), sum(changed));
        },
      ),
    );
  });
});

describe('a packet', () => {
  test('TCP over IPv4', () => {
    const packet = parsed(of4(tcp({ from: 5, to: 80, flags: tcpFlags.syn, data: 'abc' }), 6));
    const { ip, protocol, transport, sourcePort, destinationPort, tcpFlags: flags } = packet;
    assert.deepEqual(
      [ip, protocol, transport, sourcePort, destinationPort, flags],
      [4, 6, 'tcp', 5, 80, tcpFlags.syn],
    );
    assert.deepEqual([packet.source0, packet.destination0], [0x0a000001, 0x0a000002]);
    assert.equal(packet.payloadBytes, 3);
  });

  test('IPv4 options are stepped over', () => {
    assert.equal(parsed(of4(udp(1, 53), 17, 40)).destinationPort, 53);
  });

  test('what pads a short frame is not part of the packet', () => {
    const padded = Buffer.concat([of4(tcp(), 6), Buffer.alloc(20)]);
    assert.deepEqual([parsed(padded).malformed, parsed(padded).payloadBytes], [false, 0]);
  });

  test('addresses of IPv6', () => {
    const packet = parsed(of6(tcp(), 6));
    const words = [packet.source0, packet.source1, packet.source2, packet.source3];
    assert.deepEqual(words, [0xfe800000 | 0, 0, 0, 1]);
    assert.equal(packet.destination3, 2);
  });

  for (const [what, chain] of [
    ['hop-by-hop options', [next(6)]],
    ['many headers', [next(60), next(43, 24), next(6, 16)]],
  ] as const) {
    test(`TCP behind ${what}`, () => {
      const packet = parsed(of6(Buffer.concat([...chain, tcp({ to: 22 })]), 0));
      assert.deepEqual([packet.transport, packet.destinationPort], ['tcp', 22]);
    });
  }

  test('a later fragment of IPv6 has a protocol and no ports', () => {
    const fragment = Buffer.from('1100009000000001', 'hex');
    const packet = parsed(of6(Buffer.concat([fragment, udp(1, 53)]), 44));
    assert.deepEqual([packet.protocol, packet.transport, packet.malformed], [17, 'none', false]);
  });

  test('a first fragment has ports', () => {
    const fragment = Buffer.from('1100000100000001', 'hex');
    const packet = parsed(of6(Buffer.concat([fragment, udp(1, 53)]), 44));
    assert.deepEqual([packet.transport, packet.destinationPort], ['udp', 53]);
  });

  test('ICMP has a type, ARP two addresses', () => {
    assert.equal(parsed(of4(icmp(8), 1)).icmpType, 8);
    assert.equal(parsed(of6(icmp(135), 58)).icmpType, 135);
    const packet = parsed(ethernet(mac(2), mac(1), 0x0806, arp('10.0.0.1', '10.0.0.9')));
    assert.deepEqual(
      [packet.arp, packet.source0, packet.destination0],
      [true, 0x0a000001, 0x0a000009],
    );
  });

  test('ARP for anything but Ethernet and IPv4 has none', () => {
    const other = arp('10.0.0.1');
    other[4] = 8;
    assert.equal(parsed(ethernet(mac(2), mac(1), 0x0806, other)).arp, false);
  });

  test('up to two tags are looked behind; the outer one is the VLAN', () => {
    const plain = of4(tcp(), 6);
    for (const [frame, vlanId, type] of [
      [tagged(plain, 5), 5, 0x0800],
      [tagged(tagged(plain, 6), 5), 5, 0x0800],
      [tagged(tagged(plain, 6), 5, 0x88a8), 5, 0x0800],
      [tagged(plain, 0x6005), 5, 0x0800],
      [tagged(plain, 5, 0x9100), 0, 0x9100],
      [tagged(tagged(tagged(plain, 7), 6), 5), 5, 0x8100],
    ] as const) {
      const packet = parsed(frame);
      assert.deepEqual([packet.vlanId, packet.type], [vlanId, type]);
    }
    assert.equal(parsed(tagged(plain, 5, 0x9100), 0x9100).vlanId, 5);
  });

  for (const [what, frame] of [
    ['a tag without a type', Buffer.concat([mac(2), mac(1), Buffer.from('8100', 'hex')])],
    ['version 5', of4(tcp(), 6).fill(0x55, 14, 15)],
    ['a header of 16 bytes', of4(tcp(), 6).fill(0x44, 14, 15)],
    ['a total length beyond the frame', of4(tcp(), 6).fill(0x7f, 16, 17)],
    ['a total length within the header', of4(tcp(), 6).fill(0, 16, 18)],
    ['TCP with a header of 16 bytes', of4(tcp().fill(0x40, 12, 13), 6)],
    ['TCP with a header beyond its end', of4(tcp().fill(0xf0, 12, 13), 6)],
    ['UDP cut short', of4(Buffer.alloc(7), 17)],
    ['ICMP cut short', of4(Buffer.alloc(3), 1)],
    ['IPv6 with a length beyond the frame', of6(tcp(), 6).fill(0x7f, 18, 19)],
    ['an extension header beyond the packet', of6(next(6, 8).subarray(0, 4), 0)],
    ['nine extension headers', of6(Buffer.concat([...Array(9).fill(next(60)), tcp()]), 60)],
  ] as const) {
    test(`malformed: ${what}`, () => assert.ok(parsed(frame).malformed));
  }

  test('nothing is left of the frame before', () => {
    const packet = new Packet();
    parseFrame(packet, tagged(of6(tcp(), 6), 5), 0x8100);
    const blank = new Packet();
    const last = ethernet(mac(2), mac(1), 0x88b5, Buffer.from('x'));
    parseFrame(packet, last, 0x8100);
    parseFrame(blank, last, 0x8100);
    assert.deepEqual(packet, blank);
  });
});
