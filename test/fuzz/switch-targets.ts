import assert from 'node:assert/strict';
import { HubInstance } from '#node-agent/switch/hub-instance.ts';
import { type AccessRule, plainHubOptions } from '#node-agent/switch/hub-rules.ts';
import { parseFrame } from '#node-agent/switch/parse/frame.ts';
import { Packet } from '#node-agent/switch/parse/packet.ts';
import { silentLog } from '#shared/kernel/log.ts';
import { defaultPolicy } from '#shared/wire/policy.ts';
import { ManualTime } from '#test/node-agent/dial/manual-time.ts';
import { samples } from '#test/node-agent/switch/samples.ts';
import { mac } from '#test/support/frames.ts';
import { dhcpAck, ethernet, ip6, tagged, tcp } from '#test/support/packets.ts';
import type { Target } from './target.ts';

const seeds: readonly Buffer[] = [
  ...Object.values(samples),
  tagged(samples.tcp4Syn, 5),
  tagged(tagged(samples.tcp6, 6), 5),
  ethernet(mac(2), mac(1), 0x0800, dhcpAck('10.0.0.7', mac(2))),
  ethernet(
    mac(2),
    mac(1),
    0x86dd,
    ip6(Buffer.concat([Buffer.from('06000104000000002c', 'hex'), tcp()]), { protocol: 0 }),
  ),
];

/** Ethernet, ARP, IPv4, IPv6 and what they carry: every offset stays within the frame. */
export const packetTarget: Target = {
  name: 'packet',
  seeds,
  files: /switch\/parse\//,
  run: (input) => {
    if (input.length < 14) return;
    const packet = new Packet();
    parseFrame(packet, input, 0x9100);
    if (packet.malformed) return;
    const { network, transportAt, payload, end } = packet;
    assert.ok(end <= input.length && network <= input.length);
    if (packet.ip === 0) assert.equal(packet.transport, 'none');
    if (packet.transport === 'none') return;
    assert.ok(network < transportAt && transportAt < payload && payload <= end, 'in this order');
    assert.ok(packet.payloadBytes === end - payload);
  },
};

const rule: AccessRule = { id: 1, priority: 1, discard: false, ipVersion: 4 };
/** Rules that rewrite, answer, tag, hold and look at everything. */
const accessRules: readonly AccessRule[] = [
  { ...rule, destinationPorts: { first: 80, last: 80 }, redirectUrl: 'http://example.test/' },
  { ...rule, id: 2, ipVersion: 6, protocol: 6, delayMs: 5, jitterPercent: 100, lossPercent: 10 },
  { ...rule, id: 3, tcpState: 'established', source: { address: '0a000000', mask: 'ff000000' } },
  { ...rule, id: 4, destinationUser: 'nobody', discard: true },
];
const options = {
  ...plainHubOptions,
  adjustTcpMssValue: 500,
  detectDormantSessionInterval: 10,
  noIpV6DefaultRouterInRaWhenIpV6: true,
  noMacAddressLog: false,
};

/** A hub with every kind of rule: whatever is sent, it neither fails nor loses count. */
export const hubTarget: Target = {
  name: 'hub',
  seeds: [...seeds, Buffer.concat(seeds.slice(0, 4).flatMap((seed) => [lengthOf(seed), seed]))],
  files: /node-agent\/switch\//,
  run: (input) => {
    const time = new ManualTime();
    const log = { security: true, packets: { ethernet: 'payload' as const } };
    const hub = new HubInstance({
      name: 'HUB',
      clock: time,
      timers: time,
      mayForward: () => true,
      seed: 1,
      rules: { options, accessRules, log },
      log: silentLog,
    });
    let delivered = 0;
    const port = {
      deliver: (frame: Buffer): void => {
        delivered += 1;
        assert.ok(frame.length >= 14 && frame.length <= Math.max(input.length + 4, 600));
      },
    };
    const policies = [
      { vlanId: 5, dhcpForce: true, maxUploadBps: 1_000_000 },
      { noServer: true, checkMac: true, checkIp: true, checkIpV6: true, noRoutingV6: true },
      { privacyFilter: true, maxDownloadBps: 1_000_000, noIpV6DefaultRouterInRa: true },
    ];
    const attachments = policies.map((policy, i) =>
      hub.attach(port, {
        name: `${i}`,
        user: `user${i}`,
        overIpV6: true,
        policy: { ...defaultPolicy, ...policy },
      }),
    );
    const frames = framesOf(input);
    for (const [i, frame] of frames.entries()) {
      const from = attachments[i % attachments.length];
      assert.ok(from !== undefined);
      hub.beginBatch();
      hub.forward(Buffer.from(frame), from);
      time.advance(3);
    }
    time.advance(10_000);
    assert.deepEqual(hub.consistencyCheck(), []);
    assert.equal(hub.heldFrames, 0);
    const dropped = Object.values(hub.drops.nonZero()).reduce((sum, count) => sum + count, 0);
    assert.ok(delivered + dropped >= frames.length, 'every frame is delivered or counted');
    for (const attachment of attachments) hub.detach(attachment);
    assert.deepEqual([hub.macEntries, hub.ipEntries], [0, 0]);
  },
};

/** The input as one frame, and again as frames with their lengths before them. */
function framesOf(input: Buffer): Buffer[] {
  const frames = [input, input, input];
  for (let at = 0; at + 2 <= input.length && frames.length < 64; ) {
    const bytes = input.readUInt16BE(at);
    frames.push(input.subarray(at + 2, at + 2 + bytes));
    at += 2 + bytes;
  }
  return frames;
}

function lengthOf(frame: Buffer): Buffer {
  const length = Buffer.alloc(2);
  length.writeUInt16BE(frame.length);
  return length;
}
