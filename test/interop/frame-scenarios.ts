import { addSum, foldSum } from '#node-agent/switch/parse/checksum.ts';
import { samples } from '#test/node-agent/switch/samples.ts';
import { broadcast, frame, mac } from '#test/support/frames.ts';
import { ethernet, ip4, tagged, tcp, tcpFlags, udp } from '#test/support/packets.ts';
import { by, packet4, type Scenario, type Step, said, stationMacs, udpOf } from './hub-scenario.ts';

const { sender, receiver } = stationMacs;
/** IEEE 802.1D: the bridge's address is the last of its identifier's eight bytes. */
function bpduOf(bridge: Buffer): Buffer {
  const bpdu = Buffer.from(samples.bpdu);
  bridge.copy(bpdu, 17 + 19);
  return bpdu;
}

/** The length in an IPv4 header, a header's own, and a UDP header in a fragment after the first. */
const contradictions: readonly Step[] = [
  said('longer than the frame', patched(udpOf('10.0.0.1'), 16, 200)),
  said('shorter than its header', patched(udpOf('10.0.0.1'), 16, 10)),
  said('overwrites its transport header', packet4(udp(1, 2), 17, { fragmentOffset: 1 })),
  said('hides its transport header', packet4(Buffer.alloc(4), 6, { fragmentOffset: 0x2000 })),
];

function patched(packet: Buffer, at: number, value: number): Buffer {
  packet.writeUInt16BE(value, at);
  return packet;
}

const opening = (mss: string): Buffer =>
  tcp({ flags: tcpFlags.syn, options: Buffer.from(`0204${mss}`, 'hex') });

/** With the checksum of its TCP segment, which other packets leave out. */
function summed(packet: Buffer): Buffer {
  const segmentBytes = packet.length - 34;
  const pseudoHeader = addSum(packet, 26, 8) + 6 + segmentBytes;
  packet.writeUInt16BE(foldSum(addSum(packet, 34, segmentBytes, pseudoHeader)), 50);
  return packet;
}

const plain = (n: number): Buffer => frame(broadcast, mac(3), `from a trunk, ${n}`);
const fromTrunk: readonly Step[] = [
  said('untagged', plain(1)),
  said('of VLAN 5', tagged(plain(2), 5)),
  said('of VLAN 6', tagged(plain(3), 6)),
  said('of VLAN 5 with a priority', tagged(plain(4), 0xe005)),
  said('of VLAN 0', tagged(plain(5), 0)),
  said('of VLAN 5 in VLAN 6', tagged(tagged(plain(6), 5), 6)),
  said('of VLAN 6 in VLAN 5', tagged(tagged(plain(7), 6), 5)),
  said('of service VLAN 5', tagged(plain(8), 5, 0x88a8)),
].map(by('third'));
const trunkScenarios = [0x8100, 0x88a8].map(
  (vlanTypeId): Scenario => ({
    name: `a trunk speaks to VLANs, by tags of type ${vlanTypeId.toString(16)}`,
    options: { vlanTypeId },
    sender: { policy: { vlanId: 6 } },
    receiver: { policy: { vlanId: 5 } },
    steps: [
      ...fromTrunk,
      said('answer', frame(mac(3), sender, 'answer')),
      said('tagged answer', tagged(frame(mac(3), sender, 'answer'), 5)),
    ],
  }),
);

/** What becomes of frames on their way. */
export const frameScenarios: readonly Scenario[] = [
  {
    name: 'adjustTcpMssValue: what opens a connection, if it asks for more',
    options: { adjustTcpMssValue: 1_000 },
    steps: [
      said('more', summed(packet4(opening('05b4'), 6))),
      said('less', summed(packet4(opening('03b4'), 6))),
      said('no option', packet4(tcp({ flags: tcpFlags.syn }), 6)),
      said('established', packet4(tcp(), 6)),
    ],
  },
  {
    name: 'noIpV6DefaultRouterInRaWhenIpV6 of the hub',
    options: { noIpV6DefaultRouterInRaWhenIpV6: true },
    steps: [said('offer', samples.routerAdvertisement)],
    differs: {
      because: 'a genuine hub believes that who names no IPv4 address came by IPv6',
      heard: [
        'receiver: only genuine offer, altered',
        'receiver: only ours offer',
        'third: only genuine offer, altered',
        'third: only ours offer',
      ],
    },
  },
  {
    name: 'a BPDU names its bridge',
    steps: [
      said('BPDU', bpduOf(mac(50))),
      said('to the bridge', frame(mac(50), mac(3), 'who hears it?'), 'third'),
    ],
    differs: {
      because: 'a genuine hub takes that for the address it came from',
      heard: ['receiver: only ours to the bridge'],
    },
  },
  {
    name: 'filterIpV4 of a sender in a VLAN',
    sender: { policy: { filterIpV4: true, vlanId: 5 } },
    receiver: { policy: { vlanId: 5 } },
    steps: [said('IPv4', samples.udp4), said('another', samples.other)],
    differs: {
      because: 'nothing hides behind its own tag',
      heard: ['receiver: only genuine IPv4'],
    },
  },
  ...trunkScenarios,
  {
    name: 'frames that hosts do not send',
    steps: [
      said('from a group', frame(broadcast, Buffer.from('030000000001', 'hex'), 'x')),
      said('from everybody', frame(broadcast, broadcast, 'x')),
      said('from nobody', frame(broadcast, Buffer.alloc(6), 'x')),
      said('to nobody', frame(Buffer.alloc(6), sender, 'x')),
      said('to oneself', frame(sender, sender, 'x')),
      said('from one to the same', frame(mac(60), mac(60), 'x')),
      said('only a header', frame(receiver, sender, '')),
      said('not even a header', frame(receiver, sender, '').subarray(0, 13)),
      said('of the longest', frame(receiver, sender, Buffer.alloc(1_586))),
      said('too long', frame(receiver, sender, Buffer.alloc(1_590))),
      said('empty IPv4', ethernet(receiver, sender, 0x0800, Buffer.alloc(0))),
      said('empty ARP', ethernet(broadcast, sender, 0x0806, Buffer.alloc(0))),
      said('empty IPv6', ethernet(receiver, sender, 0x86dd, Buffer.alloc(0))),
      said('padded', Buffer.concat([udpOf('10.0.0.1'), Buffer.alloc(20)])),
      said('with options', packet4(udp(1, 2), 17, { optionBytes: 8 })),
      said('of another hub', frame(receiver, Buffer.from('5e0000000001', 'hex'), 'x')),
      said('of a server', frame(receiver, Buffer.from('00ae00000001', 'hex'), 'x')),
    ],
    differs: {
      because: 'groups send nothing, and a bridge neither reads nor shortens',
      heard: [
        'receiver: only genuine from a group',
        'receiver: only genuine padded, shortened',
        'receiver: only ours empty IPv4',
        'receiver: only ours empty ARP',
        'receiver: only ours empty IPv6',
        'receiver: only ours padded',
        'third: only genuine from a group',
        'third: only ours empty ARP',
      ],
    },
  },
  {
    name: 'packets that contradict themselves, where no rule looks',
    steps: contradictions,
    differs: {
      because: 'ours is a bridge',
      heard: [
        'receiver: only ours shorter than its header',
        'receiver: only ours hides its transport header',
      ],
    },
  },
  {
    name: 'packets that contradict themselves, where a rule looks',
    options: { filterOspf: true },
    steps: contradictions,
    differs: {
      because: 'ours judges nothing it cannot read',
      heard: ['receiver: only genuine longer than the frame'],
    },
  },
  {
    name: 'checksums left to the network card are filled in',
    genuineOptions: { DisableCorrectIpOffloadChecksum: 0 },
    steps: [said('UDP', udpOf('10.0.0.1')), said('TCP', packet4(tcp(), 6))],
    differs: {
      because: 'ours leaves them as they are',
      heard: ['receiver: only genuine TCP, altered', 'receiver: only ours TCP'],
    },
  },
  {
    name: 'two hundred frames stay in order',
    steps: Array.from({ length: 200 }, (_, n) =>
      said(`frame ${n}`, ethernet(receiver, sender, 0x0800, ip4(udp(n + 1, 2), { protocol: 17 }))),
    ),
  },
];
