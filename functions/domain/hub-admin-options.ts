import type { Policy } from '#shared/wire/policy.ts';

/**
 * What a server administrator allows the administrators and the sessions of a hub (protocol/07 §5,
 * SetHubAdminOptions), by SoftEther's own names, each with what it does here. 0 is "off" and "no
 * limit", and the default of all.
 */
export const hubAdminOptions = {
  allow_hub_admin_change_option: "The hub's administrators may change these options themselves.",
  deny_bridge: 'No session may bridge, whatever its policy.',
  deny_change_user_password: 'Users may not change their passwords from the VPN Client.',
  deny_empty_password: 'Users whose password is empty may not log in.',
  deny_hub_admin_change_ext_option: "The hub's administrators may not change extended options.",
  deny_qos: 'No session sends some frames before others.',
  deny_routing: 'No session may route, whatever its policy.',
  max_accesslists: 'Most entries of the access list.',
  max_bitrates_download: 'Most bits a second to each session, whatever its policy.',
  max_bitrates_upload: 'Most bits a second from each session, whatever its policy.',
  max_groups: 'Most groups.',
  max_multilogins_per_user: 'Most sessions of one user at a time, whatever its policy.',
  max_sessions: 'Most sessions, beside what the hub itself is set to.',
  max_sessions_bridge: 'Most sessions of bridges, if max_sessions_client_bridge_apply is set.',
  max_sessions_client: 'Most sessions of clients, if max_sessions_client_bridge_apply is set.',
  max_sessions_client_bridge_apply: 'max_sessions_client and max_sessions_bridge apply.',
  max_users: 'Most users.',
  no_access_list_include_file: 'Without effect: lists cannot name files here.',
  no_cascade: 'Without effect: hubs make no cascade connections here.',
  no_change_access_control_list: "The hub's administrators may not change who logs in from where.",
  no_change_access_list: "The hub's administrators may not change the access list.",
  no_change_admin_password: "The hub's administrators may not change their password.",
  no_change_cert_list: 'Without effect: hubs trust no certificate authorities here.',
  no_change_crl_list: 'Without effect: hubs revoke no certificates here.',
  no_change_groups: "The hub's administrators may not create, change or delete groups.",
  no_change_log_config: "The hub's administrators may not change what is logged.",
  no_change_log_switch_type: 'Without effect: logs are events here, not files.',
  no_change_msg: "The hub's administrators may not change its message.",
  no_change_users: "The hub's administrators may not create, change or delete users.",
  no_delay_jitter_packet_loss: 'New access list entries neither delay nor lose packets.',
  no_delete_iptable: "The hub's administrators may not delete from the IP address table.",
  no_delete_mactable: "The hub's administrators may not delete from the MAC address table.",
  no_disconnect_session: "The hub's administrators may not disconnect sessions.",
  no_enum_session: "The hub's administrators may not list sessions.",
  no_offline: "The hub's administrators may not take it offline.",
  no_online: "The hub's administrators may not put it online.",
  no_query_session: "The hub's administrators may not look at a session.",
  no_read_log_file: 'Without effect: logs are events here, not files.',
  no_securenat: 'Without effect: there is no SecureNAT here.',
  no_securenat_enabledhcp: 'Without effect: there is no SecureNAT here.',
  no_securenat_enablenat: 'Without effect: there is no SecureNAT here.',
} as const;

export type HubAdminOption = keyof typeof hubAdminOptions;
/** Those that are not 0. */
export type HubAdminOptions = Readonly<Partial<Record<HubAdminOption, number>>>;

export const hubAdminOptionNames = Object.keys(hubAdminOptions) as readonly HubAdminOption[];

/** What of a hub the limits of its sessions follow from. */
export interface LimitedHub {
  readonly maxSession: number;
  readonly adminOptions?: HubAdminOptions | undefined;
}

export function adminOption(
  { adminOptions }: Pick<LimitedHub, 'adminOptions'>,
  name: HubAdminOption,
): number {
  return adminOptions?.[name] ?? 0;
}

/** How many of something a hub may have: `max`, or fewer. */
export function mostOf(
  hub: Pick<LimitedHub, 'adminOptions'>,
  name: HubAdminOption,
  max: number,
): number {
  return tighter(max, adminOption(hub, name));
}

/** The policy as the hub's options leave it: they only ever tighten (protocol/06 §4b). */
export function policyWithin(hub: Pick<LimitedHub, 'adminOptions'>, policy: Policy): Policy {
  if (hub.adminOptions === undefined) return policy;
  const option = (name: HubAdminOption): number => adminOption(hub, name);
  return {
    ...policy,
    noBridge: policy.noBridge || option('deny_bridge') !== 0,
    noRouting: policy.noRouting || option('deny_routing') !== 0,
    noQos: policy.noQos || option('deny_qos') !== 0,
    maxUploadBps: tighter(policy.maxUploadBps, option('max_bitrates_upload')),
    maxDownloadBps: tighter(policy.maxDownloadBps, option('max_bitrates_download')),
    multiLogins: tighter(policy.multiLogins, option('max_multilogins_per_user')),
  };
}

/** Most sessions of a hub, and of its clients or bridges alone; 0: no limit. */
export function sessionLimits(hub: LimitedHub): {
  readonly all: number;
  readonly clients: number;
  readonly bridges: number;
} {
  const apart = adminOption(hub, 'max_sessions_client_bridge_apply') !== 0;
  return {
    all: tighter(hub.maxSession, adminOption(hub, 'max_sessions')),
    clients: apart ? adminOption(hub, 'max_sessions_client') : 0,
    bridges: apart ? adminOption(hub, 'max_sessions_bridge') : 0,
  };
}

/** Of two limits; 0 is none. */
function tighter(one: number, other: number): number {
  if (one === 0 || other === 0) return Math.max(one, other);
  return Math.min(one, other);
}
