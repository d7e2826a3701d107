import { accessRulesMax } from '#shared/contract/access-rule.ts';
import { groupsMax } from '../store/group-store.ts';
import { hubsMax } from '../store/hub-store.ts';
import { sessionsMax } from '../store/session-store.ts';
import { usersMax } from '../store/user-store.ts';
import type { RpcObject } from './rpc-object.ts';

const unlimited = 0xffff_ffff;

/** What this cluster can do; tools offer their commands by it, so nothing is claimed early. */
const capabilities: readonly (readonly [name: string, value: number, description: string])[] = [
  ['i_max_packet_size', 1_600, 'Longest Ethernet frame, bytes'],
  ['i_max_hubs', hubsMax, 'Most Virtual Hubs'],
  ['i_max_sessions', sessionsMax, 'Most sessions of one Virtual Hub'],
  ['i_max_user_creation', unlimited, 'Most users of the server'],
  ['i_max_clients', unlimited, 'Most client sessions'],
  ['i_max_bridges', unlimited, 'Most bridge sessions'],
  ['i_max_users_per_hub', usersMax, 'Most users of one Virtual Hub'],
  ['i_max_groups_per_hub', groupsMax, 'Most groups of one Virtual Hub'],
  ['i_max_access_lists', accessRulesMax, 'Most access list entries of one Virtual Hub'],
  ['b_is_softether', 1, 'Speaks as SoftEther VPN does'],
  ['b_vpn_client_connect', 1, 'VPN Clients and Bridges can connect'],
  ['b_bridge', 0, 'Is a VPN Bridge'],
  ['b_standalone', 0, 'Stands alone'],
  ['b_cluster_controller', 1, 'Is a cluster controller'],
  ['b_cluster_member', 0, 'Is a cluster member'],
  ['b_support_cluster', 1, 'Clusters are supported'],
  ['b_support_cluster_admin', 1, 'The controller administers all members'],
  ['b_cluster_hub_type_fixed', 1, 'The type of a Virtual Hub cannot be changed'],
  ['b_support_config_hub', 1, 'Virtual Hubs can be changed'],
  ['b_support_hide_hub', 1, 'Virtual Hubs can be kept out of the public list'],
  ['b_support_policy_ver_3', 1, 'Policies are of version 3'],
  ['b_support_limit_multilogin', 1, 'Sessions of one user can be limited'],
  ['b_support_securenat', 0, 'SecureNAT is supported'],
  ['b_virtual_nat_disabled', 1, 'The virtual NAT cannot be used'],
  ['b_support_cascade', 0, 'Cascade connections can be made here'],
  ['b_support_radius', 0, 'Users can be checked by RADIUS'],
  ['b_support_layer3', 0, 'Virtual Layer 3 Switches are supported'],
  ['b_local_bridge', 0, 'Local bridges are supported'],
  ['b_support_config_log', 1, 'Logs can be configured'],
  ['b_support_read_log', 0, 'Logs can be read'],
  ['b_support_syslog', 0, 'Logs can be sent to syslog'],
  ['b_support_config_rw', 0, 'The configuration file can be read and written'],
  ['b_support_hub_admin_option', 1, 'Virtual Hubs have administration options'],
  ['b_support_crl', 0, 'Virtual Hubs have certificate revocation lists'],
  ['b_support_ac', 1, 'Virtual Hubs have source address lists'],
  ['b_support_acl_group', 1, 'Access lists know groups'],
  ['b_support_check_mac', 1, 'Access lists know MAC addresses'],
  ['b_support_check_tcp_state', 1, 'Access lists know the state of TCP connections'],
  ['b_support_ipv6_acl', 1, 'Access lists know IPv6'],
  ['b_support_ex_acl', 1, 'Access lists delay and lose frames'],
  ['b_support_redirect_url_acl', 1, 'Access lists redirect HTTP'],
  ['b_support_hub_ext_options', 1, 'Virtual Hubs have extended options'],
  ['b_support_msg', 1, 'Virtual Hubs have a message of the day'],
  ['b_support_vlan', 1, 'MAC address tables know VLAN IDs'],
  ['b_support_qos', 1, 'VoIP frames are sent first'],
  ['b_support_udp_acceleration', 0, 'Sessions can use UDP'],
  ['b_support_ipsec', 0, 'L2TP/IPsec is supported'],
  ['b_support_sstp', 0, 'MS-SSTP is supported'],
  ['b_support_openvpn', 0, 'OpenVPN is supported'],
  ['b_support_ddns', 0, 'Dynamic DNS is supported'],
  ['b_support_azure', 0, 'VPN Azure is supported'],
];

/** Each capability twice, as a list and as a field of its own, as genuine servers write them. */
export async function getCaps(): Promise<RpcObject> {
  return {
    CapsList: capabilities.map(([name, value, description]) => ({
      CapsName_str: name,
      CapsValue_u32: value,
      CapsDescrption_utf: description, // sic
    })),
    ...Object.fromEntries(capabilities.map(([name, value]) => [`caps_${name}_u32`, value])),
  };
}
