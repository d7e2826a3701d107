import type { HubOptions } from '#shared/contract/hub-options.ts';
import type { Policy } from '#shared/wire/policy.ts';
import { type Differences, differing, everyKind, type Scenario } from './hub-scenario.ts';

/** Switches of a policy that say what passes. */
const switches = [
  'noServer',
  'noServerV6',
  'arpDhcpOnly',
  'filterIpV4',
  'filterIpV6',
  'filterNonIp',
  'dhcpFilter',
  'dhcpNoServer',
  'dhcpV6Filter',
  'dhcpV6NoServer',
  'rsAndRaFilter',
  'raFilter',
  'dhcpForce',
  'checkMac',
  'checkIp',
  'checkIpV6',
  'privacyFilter',
  'noIpV6DefaultRouterInRa',
  'noBridge',
  'noRouting',
  'noRoutingV6',
] as const satisfies readonly (keyof Policy)[];

const hubSwitches = [
  'filterPppoe',
  'filterOspf',
  'filterIpV4',
  'filterIpV6',
  'filterNonIp',
  'filterBpdu',
  'noIpTable',
  'noManageVlanId',
] as const satisfies readonly (keyof HubOptions)[];

const alone = { privacyFilter: true };
const apart = { sender: { policy: alone }, receiver: { policy: alone }, steps: everyKind };
const vlans: readonly (readonly [number, number])[] = [
  [5, 5],
  [5, 6],
  [0, 9],
  [5, 0],
];

const scenarios: readonly Scenario[] = [
  ...switches.flatMap((one): Scenario[] => [
    { name: `${one} of the sender`, sender: { policy: { [one]: true } }, steps: everyKind },
    { name: `${one} of the receiver`, receiver: { policy: { [one]: true } }, steps: everyKind },
  ]),
  ...hubSwitches.map(
    (one): Scenario => ({ name: `${one} of the hub`, options: { [one]: true }, steps: everyKind }),
  ),
  { name: 'privacyFilter of both', ...apart },
  {
    name: 'privacyFilter of both, broadcasts are exempt',
    options: { dropBroadcastsInPrivacyFilterMode: false },
    ...apart,
  },
  {
    name: 'privacyFilter of both, ARP is exempt',
    options: { dropArpInPrivacyFilterMode: false },
    ...apart,
  },
  ...vlans.map(
    ([from, to]): Scenario => ({
      name: `from VLAN ${from || 'none'} to VLAN ${to || 'none'}`,
      sender: { policy: { vlanId: from } },
      receiver: { policy: { vlanId: to } },
      steps: everyKind,
    }),
  ),
  {
    name: 'a monitor hears everything',
    receiver: { policy: { monitorPort: true }, monitor: true },
    steps: everyKind,
  },
  {
    name: 'monitorPort of a sender that does not monitor',
    sender: { policy: { monitorPort: true } },
    steps: everyKind,
  },
  {
    name: 'clients that do not bridge',
    sender: { bridge: false },
    receiver: { bridge: false },
    steps: everyKind,
  },
];

const tags = 'nothing hides behind a VLAN tag';
const ports = 'DHCP is what goes between its ports';
const behindTag = ['receiver: only genuine tagged', 'third: only genuine tagged'];
/** By name; ADR 0027 has the reasons. */
const differences: Differences = {
  'filterIpV4 of the sender': { because: tags, heard: behindTag },
  'filterIpV4 of the receiver': { because: tags, heard: behindTag.slice(0, 1) },
  'filterIpV4 of the hub': { because: tags, heard: behindTag },
  'dhcpFilter of the sender': { because: ports, heard: ['receiver: only genuine dhcpRelay'] },
  'dhcpFilter of the receiver': { because: ports, heard: ['receiver: only genuine dhcpRelay'] },
  'dhcpForce of the sender': {
    because: `${tags}, and ${ports}`,
    heard: [
      'receiver: only genuine tagged',
      'receiver: only ours dhcpRelay',
      'third: only genuine tagged',
    ],
  },
};

/** Every kind of frame under every policy of its sender, of its receiver, and option of the hub. */
export const policyScenarios = differing(scenarios, differences);
