import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { AttachmentOptions } from '#node-agent/switch/attachment.ts';
import { HubInstance } from '#node-agent/switch/hub-instance.ts';
import type { AccessRule, HubRules } from '#node-agent/switch/hub-rules.ts';
import { defaultPolicy } from '#shared/wire/policy.ts';
import { frame, mac } from '#test/support/frames.ts';
import { ethernet, ip4, ip6, tcp } from '#test/support/packets.ts';

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

const plain = { ...defaultPolicy, noBridge: true, noRouting: true };
const strict = {
  ...plain,
  noServer: true,
  dhcpNoServer: true,
  checkMac: true,
  checkIp: true,
  maxUploadBps: 0xffffffff,
  maxDownloadBps: 0xffffffff,
};
const rule: AccessRule = {
  id: 1,
  priority: 1,
  discard: true,
  ipVersion: 4,
  source: { address: '0a630000', mask: 'ffff0000' },
  destinationPorts: { first: 22, last: 23 },
};

/** Each way of forwarding; all hosts speak to each other and know each other. */
const ways: readonly {
  readonly what: string;
  readonly there: Buffer;
  readonly back: Buffer;
  readonly attachment?: Partial<AttachmentOptions>;
  readonly rules?: HubRules;
}[] = [
  { what: 'no IP', there: frame(mac(2), mac(1)), back: frame(mac(1), mac(2)) },
  { what: 'IPv4 of plain clients', ...of4(), attachment: { policy: plain } },
  { what: 'IPv4 from and to the public internet', ...of4('203.0.113.1', '192.0.2.200') },
  { what: 'IPv6 of plain clients', ...of6(), attachment: { policy: plain } },
  { what: 'under policies', ...of4(), attachment: { policy: strict } },
  {
    what: 'under an access list',
    ...of4(),
    attachment: { policy: plain, user: 'alice' },
    rules: { accessRules: [rule, { ...rule, id: 2, destinationUser: 'bob' }] },
  },
];

function of4(one = '10.0.0.1', other = '192.168.200.2'): { there: Buffer; back: Buffer } {
  const segment = tcp({ data: 'x' });
  return {
    there: ethernet(mac(2), mac(1), 0x0800, ip4(segment, { from: one, to: other, protocol: 6 })),
    back: ethernet(mac(1), mac(2), 0x0800, ip4(segment, { from: other, to: one, protocol: 6 })),
  };
}

function of6(): { there: Buffer; back: Buffer } {
  const [one, other] = [`fe80${'f'.repeat(28)}`, `fe80${'e'.repeat(28)}`];
  const segment = tcp({ data: 'x' });
  return {
    there: ethernet(mac(2), mac(1), 0x86dd, ip6(segment, { from: one, to: other, protocol: 6 })),
    back: ethernet(mac(1), mac(2), 0x86dd, ip6(segment, { from: other, to: one, protocol: 6 })),
  };
}

describe('a known unicast frame is forwarded without allocating', () => {
  for (const { what, there, back, attachment, rules } of ways) {
    test(what, () => {
      let delivered = 0;
      const port = {
        deliver: (): void => {
          delivered += 1;
        },
      };
      const clock = { nowMs: () => 0, monotonicMs: () => 0 };
      const hub = new HubInstance({
        name: 'HUB',
        clock,
        mayForward: () => true,
        seed: 1,
        rules: rules ?? {},
      });
      const a = hub.attach(port, { name: 'a', ...attachment });
      const b = hub.attach(port, { name: 'b', ...attachment });
      const exchange = (times: number): void => {
        for (let i = 0; i < times; i++) {
          hub.beginBatch();
          hub.forward(there, a);
          hub.forward(back, b);
        }
      };
      exchange(100_000); // let the compiler settle
      const frames = 50_000; // so few that no collection hides what they would have left behind
      const before = delivered;
      collectGarbage();
      const usedBefore = process.memoryUsage().heapUsed;
      exchange(frames / 2);
      const bytesPerFrame = (process.memoryUsage().heapUsed - usedBefore) / frames;
      assert.equal(delivered - before, frames);
      // The smallest object takes 16 bytes; what is below is the runtime's own, over all frames.
      assert.ok(bytesPerFrame < 8, `${bytesPerFrame} bytes per frame`);
    });
  }
});
