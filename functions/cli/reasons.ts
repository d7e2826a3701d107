import type { AdmissionDecision, AdmissionReason, Candidate } from '../domain/admission.ts';
import type { PlacementRecord } from '../domain/placement.ts';
import type { Rejection } from '../frontdoor/authentication.ts';
import type { SeatReason } from '../frontdoor/seating.ts';

/** What a reason means to an operator, and what helps. */
export interface Told {
  readonly cause: string;
  readonly remedy?: string;
}

type RedirectReason = Extract<
  AdmissionDecision<Candidate, PlacementRecord>,
  { kind: 'redirect' }
>['reason'];
type RejectReason =
  | Rejection['reason']
  | SeatReason
  | AdmissionReason
  | 'contended'
  | 'name-configured-client';

const redirects: Readonly<Record<RedirectReason, string>> = {
  'least-loaded': 'of the members looked at, it had the most room',
  'placement-live': 'the dynamic hub runs there, and all its sessions follow it',
  'placement-claimed':
    'the dynamic hub ran nowhere; of the members looked at, it had the most room',
};

const clockRemedy = 'nothing: the client is back in some seconds';

const rejects: Readonly<Record<Exclude<RejectReason, 'unknown-hub'>, Told>> = {
  'wrong-password': {
    cause: 'the password was not the one that is stored',
    remedy: 'correct it in the client, or set another one with SetUser',
  },
  'unknown-user': {
    cause: 'the hub has no such user',
    remedy: 'correct the name in the client, or CreateUser',
  },
  'credential-missing': {
    cause: 'the client offered no password, and the user has one',
    remedy: 'choose password authentication in the client',
  },
  'challenge-malformed': {
    cause: 'the client did not echo what it was greeted with: something between changes it',
    remedy: 'look for a proxy between client and front door',
  },
  'challenge-foreign': {
    cause: 'the client was greeted at another address than it logs in from',
    remedy: 'look for a proxy or NAT that changes addresses between connections',
  },
  'challenge-expired': {
    cause: 'the client took too long between greeting and login',
    remedy: 'nothing if it was once; else look at its network',
  },
  'certificate-not-supported': {
    cause: 'the client offered a certificate, which is not supported yet',
    remedy: 'choose password authentication in the client',
  },
  'empty-password-not-local': {
    cause: "the hub's own password is empty, and that lets nobody in",
    remedy: 'set one with SetHub',
  },
  'ticket-at-front-door': {
    cause: 'the client offered a ticket at the front door, which only members take',
    remedy: 'update the client',
  },
  'auth-type-refused': {
    cause: 'the client offered a way to log in that is not supported',
    remedy: 'choose password authentication in the client',
  },
  'throttled-user': {
    cause: 'too many wrong passwords for this user came from that address',
    remedy:
      'correct the password there and wait: each wrong one doubles the wait, up to 15 minutes',
  },
  'throttled-source': {
    cause: 'too many wrong passwords came from that address, of whichever users',
    remedy: 'find the program there that keeps trying, then wait up to 15 minutes',
  },
  'source-denied': {
    cause: "the hub's source address list does not let that address in",
    remedy: 'GetAcList tells the list, SetAcList changes it',
  },
  'hub-offline': { cause: 'the hub was offline', remedy: 'SetHubOnline' },
  'credential-unreadable': {
    cause: "the stored password does not open with the cluster's secret",
    remedy: 'set the password anew with SetUser; was the cluster secret replaced?',
  },
  'user-expired': { cause: 'the user had expired', remedy: 'set ExpireTime_dt with SetUser' },
  'policy-denies-access': {
    cause: 'the policy of the user or its group denies access',
    remedy: 'set policy:Access_bool',
  },
  'policy-denies-monitor': {
    cause: 'the client asked for monitor mode, which the policy denies',
    remedy: 'set policy:MonitorPort_bool, or take the mode back in the client',
  },
  'policy-denies-bridge': {
    cause: 'the client asked for bridge or router mode, which the policy denies',
    remedy: 'clear policy:NoBridge_bool or policy:NoRouting_bool, or take the mode back',
  },
  'name-configured-client': {
    cause: 'the client dials a name, and its version would misroute a redirect',
    remedy: "configure the front door's address in the client (docs/adr/0004-addresses.md)",
  },
  'hub-full': {
    cause: 'the hub has as many sessions as it may',
    remedy: 'raise MaxSession_u32 with SetHub',
  },
  'user-full': {
    cause: 'the user has as many sessions as it may',
    remedy: 'end one with DeleteSession, or raise policy:MultiLogins_u32',
  },
  'seats-undecided': {
    cause: 'all seats are taken, some of them perhaps by sessions that are dead',
    remedy: clockRemedy,
  },
  'no-member': {
    cause: 'no member was active with a lease',
    remedy:
      'none if the group was empty, for that login has called one; else etherfleet members, then ' +
      'agent-api-errors in docs/operating/runbook.md',
  },
  'no-headroom': {
    cause: 'all members were full',
    remedy: "raise the members' group, or their capacity",
  },
  'takeover-grace': {
    cause: "the hub's member was lost, and nobody may take over yet",
    remedy: clockRemedy,
  },
  'member-draining': { cause: "the hub's member was about to let it go", remedy: clockRemedy },
  'hub-releasing': { cause: 'the hub was about to move', remedy: clockRemedy },
  'admission-rate': {
    cause: 'enough clients were on their way to every member already',
    remedy: 'nothing: a storm is spread over some seconds; if it goes on, add members',
  },
  'not-reached': {
    cause: 'the client had just been sent to the member that has the hub and did not get through',
    remedy: "can it reach that member's address and port? Look for a firewall",
  },
  'member-full': {
    cause: 'a dynamic hub is on one member, and that is full',
    remedy: 'drain others off it by making their hubs smaller, or make this hub static',
  },
  contended: {
    cause: 'others were faster too often',
    remedy: 'nothing: the client is back in some seconds',
  },
};

/** What is told of a reason that this version knows; else the reason itself. */
export function redirectCause(reason: string): string {
  return (redirects as Readonly<Record<string, string>>)[reason] ?? reason;
}

export function rejectTold(reason: string): Told {
  return (rejects as Readonly<Record<string, Told>>)[reason] ?? { cause: reason };
}
