import type { Policy } from '#shared/wire/policy.ts';
import { samples } from '#test/node-agent/switch/samples.ts';
import { broadcast, frame, mac } from '#test/support/frames.ts';
import { arp, dhcpAck, ethernet, ip6, ip6One, udp } from '#test/support/packets.ts';
import { by, many, type Scenario, type Step, said, stationMacs, udpOf } from './hub-scenario.ts';

const { sender, receiver } = stationMacs;
const ula = `fd00${'0'.repeat(27)}1`;

const arpOf = (address: string, from = sender, target?: string): Buffer =>
  ethernet(broadcast, from, 0x0806, arp(address, target));
const udp6 = (to: Buffer, from: Buffer, address: string): Buffer =>
  ethernet(to, from, 0x86dd, ip6(udp(4, 4), { from: address, protocol: 17 }));

/** More addresses than any of the limits below allow. */
const addresses: readonly Step[] = [
  ...many(12, 'MAC', (n) => frame(broadcast, mac(100 + n), 'hello')),
  ...many(12, 'IP', (n) => arpOf(`10.0.1.${n + 1}`)),
  ...many(3, 'public IP', (n) => arpOf(`8.8.8.${n + 1}`)),
  ...many(20, 'IPv6', (n) => udp6(receiver, sender, `fe80${'0'.repeat(25)}1${10 + n}`)),
];
/** A public address of the receiver's, used by the sender. */
const publicTaken: readonly Step[] = [
  said('owner', arpOf('8.8.8.8', receiver), 'receiver'),
  said('thief', udpOf('8.8.8.8')),
  said('owner of IPv6', udp6(broadcast, receiver, `2001${'0'.repeat(27)}1`), 'receiver'),
  said('thief of IPv6', udp6(receiver, sender, `2001${'0'.repeat(27)}1`)),
];
const limits: readonly (readonly [string, Partial<Policy>, boolean])[] = [
  ['none', {}, true],
  ['none for who does not bridge', {}, false],
  ['noBridge', { noBridge: true }, true],
  ['noRouting', { noRouting: true }, true],
  ['noRoutingV6', { noRoutingV6: true }, true],
  ['maxMac 5', { maxMac: 5 }, true],
  ['maxIp 6', { maxIp: 6 }, true],
  ['maxIpV6 7', { maxIpV6: 7 }, true],
  ['maxMac 10 and maxIp 10 for who does not bridge', { maxMac: 10, maxIp: 10 }, false],
  ['one of each', { maxMac: 1, maxIp: 1, maxIpV6: 1 }, true],
];
function lent(pads: number): Pick<Scenario, 'sender' | 'steps'> {
  const ack = dhcpAck('10.0.0.9', sender, 3_600, pads);
  return {
    sender: { policy: { dhcpForce: true }, bridge: false },
    steps: [
      said('discover', samples.dhcpRequest),
      said('early', udpOf('10.0.0.9', 1)),
      said('early ARP', arpOf('10.0.0.9')),
      said('probe', arpOf('0.0.0.0', sender, '10.0.0.9')),
      said('ack', ethernet(broadcast, receiver, 0x0800, ack), 'receiver'),
      said('late', udpOf('10.0.0.9')),
      said('late ARP', arpOf('10.0.0.9', sender, '10.0.0.3')),
      said('another', udpOf('10.0.0.10')),
      said('a public one', udpOf('8.8.4.4')),
      said('IPv6', samples.udp6),
    ],
  };
}

/** To whom addresses belong, and how many a session may have. */
export const addressScenarios: readonly Scenario[] = [
  ...limits.map(
    ([name, policy, bridge]): Scenario => ({
      name: `limit of addresses: ${name}`,
      sender: { policy, bridge },
      steps: addresses,
    }),
  ),
  { name: 'dhcpForce: an address counts when it was lent', ...lent(0) },
  {
    name: 'dhcpForce: options that begin with a pad',
    ...lent(1),
    differs: {
      because: 'a genuine hub does not see such a lease',
      heard: [
        'receiver: only ours late',
        'receiver: only ours late ARP',
        'third: only ours late ARP',
      ],
    },
  },
  {
    name: 'dhcpForce: a lent address that somebody else took',
    ...lent(0),
    steps: [
      ...lent(0).steps,
      said('taken', arpOf('10.0.0.9', receiver), 'receiver'),
      said('taken back', udpOf('10.0.0.9', 3)),
    ],
  },
  {
    name: 'checkIp: an address of somebody else',
    sender: { policy: { checkIp: true } },
    steps: [
      said('owner', arpOf('10.0.0.5', receiver), 'receiver'),
      said('thief’s ARP', arpOf('10.0.0.5')),
      said('thief', udpOf('10.0.0.5')),
      said('own', udpOf('10.0.0.6')),
    ],
  },
  {
    name: 'checkIpV6: an address of somebody else',
    sender: { policy: { checkIpV6: true } },
    steps: [
      said('owner', udp6(broadcast, receiver, ip6One), 'receiver'),
      said('thief', udp6(receiver, sender, ip6One)),
      said('owner of a unique local one', udp6(broadcast, receiver, ula), 'receiver'),
      said('thief of it', udp6(receiver, sender, ula)),
    ],
  },
  {
    name: 'checkMac: an address of somebody else',
    sender: { policy: { checkMac: true } },
    steps: [
      said('thief', frame(broadcast, receiver, 'thief')),
      said('own', frame(broadcast, sender, 'own')),
      said('to the owner', frame(receiver, sender, 'to the owner')),
    ],
  },
  {
    name: 'an address moves to who used it last',
    steps: [
      said('thief', frame(broadcast, receiver, 'thief')),
      said('to the thief', frame(receiver, mac(3), 'to whom?'), 'third'),
    ],
  },
  {
    name: 'maxMac: addresses of somebody else',
    sender: { policy: { maxMac: 2 } },
    steps: [
      ...many(4, 'owner', (n) => frame(broadcast, mac(100 + n), 'mine')).map(by('receiver')),
      ...many(4, 'thief', (n) => frame(broadcast, mac(100 + n), 'no, mine')),
    ],
    differs: {
      because: 'who takes them over has them',
      heard: ['receiver', 'third'].flatMap((one) =>
        [2, 3].map((n) => `${one}: only genuine thief ${n}`),
      ),
    },
  },
  {
    name: 'maxIp: addresses of somebody else',
    sender: { policy: { maxIp: 2 } },
    steps: [
      ...many(4, 'owner', (n) => arpOf(`10.0.1.${n + 1}`, receiver)).map(by('receiver')),
      ...many(4, 'thief', (n) => arpOf(`10.0.1.${n + 1}`)),
    ],
  },
  {
    name: 'checkIp: an address of somebody in another VLAN',
    sender: { policy: { checkIp: true, vlanId: 5 } },
    receiver: { policy: { vlanId: 6 } },
    steps: [
      said('owner', arpOf('10.0.0.5', receiver), 'receiver'),
      said('namesake', arpOf('10.0.0.5')),
    ],
  },
  {
    name: 'limit of addresses: public ones count, if the hub says so',
    options: { manageOnlyPrivateIp: false, manageOnlyLocalUnicastIpV6: false },
    sender: { policy: { maxIp: 6, maxIpV6: 7 } },
    steps: [
      ...many(12, 'public IP', (n) => arpOf(`8.8.8.${n + 1}`)),
      ...many(12, 'public IPv6', (n) => udp6(receiver, sender, `2001${'0'.repeat(26)}${10 + n}`)),
    ],
  },
  {
    name: 'checkIp: a public address of somebody else',
    sender: { policy: { checkIp: true, checkIpV6: true } },
    steps: publicTaken,
  },
  {
    name: 'checkIp: a public address of somebody else, if the hub keeps them',
    options: { manageOnlyPrivateIp: false, manageOnlyLocalUnicastIpV6: false },
    sender: { policy: { checkIp: true, checkIpV6: true } },
    steps: publicTaken,
  },
];
