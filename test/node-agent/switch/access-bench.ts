import assert from 'node:assert/strict';
import { type AccessRule, plainHubOptions } from '#node-agent/switch/hub-rules.ts';
import {
  ethernet,
  icmp,
  ip4,
  ip6,
  ip6One,
  ip6Two,
  tcp,
  tcpFlags,
  udp,
} from '#test/support/packets.ts';
import { HubBench, type Station } from './hub-bench.ts';
import { receiver, sender } from './samples.ts';

export const discard: AccessRule = { id: 1, priority: 10, discard: true, ipVersion: 4 };

export interface Bench {
  readonly bench: HubBench;
  readonly from: Station;
  readonly to: Station;
}

/** Alice of sales sends to Bob of support. */
export function underRules(accessRules: readonly AccessRule[], arpToo = false): Bench {
  const options = { ...plainHubOptions, applyIpV4AccessListOnArpPacket: arpToo };
  const bench = new HubBench({}, { rules: { accessRules, options } });
  const from = bench.plug('from', { user: 'Alice', group: 'Sales' });
  const to = bench.plug('to', { user: 'Bob', group: 'Support' });
  return { bench, from, to };
}

export function passes(frame: Buffer, rules: readonly AccessRule[], arpToo = false): boolean {
  const { bench, from, to } = underRules(rules, arpToo);
  from.send(frame);
  assert.deepEqual(bench.hub.drops.nonZero(), to.frames.length === 1 ? {} : { 'access-list': 1 });
  return to.frames.length === 1;
}

export const four = (payload: Buffer, from: string, to: string, protocol: number): Buffer =>
  ethernet(receiver, sender, 0x0800, ip4(payload, { from, to, protocol }));
export const web = four(tcp({ from: 40_000, to: 80 }), '10.1.2.3', '192.168.7.9', 6);
export const webSyn = four(tcp({ to: 80, flags: tcpFlags.syn }), '10.1.2.3', '192.168.7.9', 6);
export const webSynAck = four(
  tcp({ flags: tcpFlags.syn | tcpFlags.ack }),
  '10.1.2.3',
  '10.9.9.9',
  6,
);
export const dns = four(udp(5_000, 53), '10.1.2.3', '192.168.7.9', 17);
export const ping = four(icmp(8), '10.1.2.3', '192.168.7.9', 1);
export const web6 = ethernet(
  receiver,
  sender,
  0x86dd,
  ip6(tcp({ from: 40_000, to: 80 }), { from: ip6One, to: ip6Two, protocol: 6 }),
);
