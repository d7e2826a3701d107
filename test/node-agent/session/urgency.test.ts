import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { isUrgent } from '#node-agent/session/urgency.ts';
import { ip4Frame } from './ip4-frame.ts';

describe('frames that go ahead of bulk', () => {
  for (const [what, frame, urgent] of [
    ['TOS 0', ip4Frame({}), false],
    ['TOS 8, bulk', ip4Frame({ tos: 8 }), false],
    ['TOS 0xb8, voice', ip4Frame({ tos: 0xb8, bytes: 1_514 }), true],
    ['ICMP of 34 bytes', ip4Frame({ protocol: 1, bytes: 34 }), true],
    ['ICMP of 128 bytes', ip4Frame({ protocol: 1, bytes: 128 }), true],
    ['ICMP of 129 bytes', ip4Frame({ protocol: 1, bytes: 129 }), false],
    ['33 bytes', ip4Frame({ tos: 0xb8 }).subarray(0, 33), false],
    ['ARP', ip4Frame({ tos: 0xb8, etherType: 0x0806 }), false],
  ] as const) {
    test(`${what}: ${urgent ? 'urgent' : 'waits its turn'}`, () => {
      assert.equal(isUrgent(frame), urgent);
    });
  }
});
