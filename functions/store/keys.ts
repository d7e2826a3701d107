import { type HubName, type MemberId, nameKey } from '#shared/kernel/ids.ts';
import type { Key } from './table.ts';

/** Where each kind of item lives in the one table. Names are keyed without regard to case. */
export const keyOf = {
  /** Server-wide settings. */
  server: (): Key => ({ pk: 'SERVER', sk: 'CONFIG' }),
  member: (id: MemberId): Key => ({ pk: `MEMBER#${id}`, sk: 'STATE' }),
  /** One small item per member, so that members can be listed without reading their state. */
  fleet: (id: MemberId): Key => ({ pk: 'FLEET', sk: `MEMBER#${id}` }),
  /** One small item per hub, for the same reason. */
  directory: (hub: HubName): Key => ({ pk: 'DIRECTORY', sk: `HUB#${nameKey(hub)}` }),
  hub: (hub: HubName): Key => ({ pk: hubPartition(hub), sk: 'CONFIG' }),
  placement: (hub: HubName): Key => ({ pk: hubPartition(hub), sk: 'PLACEMENT' }),
  user: (hub: HubName, user: string): Key => ({
    pk: hubPartition(hub),
    sk: `${userPrefix}${nameKey(user)}`,
  }),
  group: (hub: HubName, group: string): Key => ({
    pk: hubPartition(hub),
    sk: `${groupPrefix}${nameKey(group)}`,
  }),
  /** A list of rules, under a name of its own: the hub's item names the one that holds. */
  ruleList: (hub: HubName, kind: string, id: string): Key => ({
    pk: hubPartition(hub),
    sk: `${ruleListPrefix(kind)}${id}`,
  }),
  session: (hub: HubName, session: string): Key => ({
    pk: hubPartition(hub),
    sk: `${sessionPrefix}${nameKey(session)}`,
  }),
  /** Seats under a limit of a hub, or of one user of it (ADR 0013). */
  seats: (hub: HubName, of: string | { readonly user: string }, shard: number): Key => {
    const whose = typeof of === 'string' ? of.toUpperCase() : `USER#${nameKey(of.user)}`;
    return { pk: hubPartition(hub), sk: `${seatPrefix}${shard}#${whose}` };
  },
  /** Failed logins of one source (ADR 0014). */
  throttle: (source: string): Key => ({ pk: `THROTTLE#${source}`, sk: 'FAILURES' }),
  /** Passwords one source tried at the administration (ADR 0024). */
  adminDoor: (source: string): Key => ({ pk: `THROTTLE#${source}`, sk: 'ADMIN' }),
  /** Why a user's last login was rejected, see `userTag` (ADR 0023). */
  rejection: (tag: string): Key => ({ pk: `REJECTED#${tag}`, sk: 'LAST' }),
  /** What a member found of what was inquired (ADR 0033). */
  finding: (id: MemberId, inquiry: string): Key => ({ pk: `FINDING#${id}`, sk: inquiry }),
  ticket: (digest: string): Key => ({ pk: `TICKET#${digest}`, sk: 'GRANT' }),
} as const;

export const userPrefix = 'USER#';
export const groupPrefix = 'GROUP#';
export const sessionPrefix = 'SESSION#';
export const seatPrefix = 'SEATS#';

export function hubPartition(hub: HubName): string {
  return `HUB#${nameKey(hub)}`;
}

export function ruleListPrefix(kind: string): string {
  return `RULES#${kind}#`;
}
