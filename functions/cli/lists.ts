import * as z from 'zod';
import { columns } from './columns.ts';
import { timeOf } from './explain.ts';

const memberSchema = z.object({
  MemberId_str: z.string(),
  Ip_ip: z.string(),
  Port_u32: z.number(),
  State_str: z.string(),
  NumSessions_u32: z.number(),
  NumHubs_u32: z.number(),
  Weight_u32: z.number(),
  Point_u32: z.number(),
  LeaseAgeMs_u64: z.number(),
  LeaseLeftMs_u64: z.number(),
  Suspected_bool: z.boolean(),
  NumUnredeemed_u32: z.number(),
});
const membersSchema = z.object({ FarmMemberList: z.array(z.unknown()) });

/** The members, as EnumFarmMember tells them; the first entry is the controller. */
export function membersOf(result: unknown): readonly object[] {
  const { FarmMemberList: list } = membersSchema.parse(result);
  return list.flatMap((entry) => {
    const member = memberSchema.loose().safeParse(entry);
    return member.success ? [member.data] : [];
  });
}

const nobody =
  'no member is there; a group that may be empty calls one at the first login, else see ' +
  'agent-api-errors in docs/operating/runbook.md';

export function memberTable(members: readonly object[]): string {
  if (members.length === 0) return nobody;
  const titles = ['MEMBER', 'ADDRESS', 'STATE', 'SESSIONS', 'HUBS', 'WEIGHT', 'POINT', 'LEASE AGE'];
  const rows = members.map((entry) => {
    const member = memberSchema.parse(entry);
    return [
      member.MemberId_str,
      `${member.Ip_ip}:${member.Port_u32}`,
      member.State_str,
      String(member.NumSessions_u32),
      String(member.NumHubs_u32),
      String(member.Weight_u32),
      String(member.Point_u32),
      `${(member.LeaseAgeMs_u64 / 1_000).toFixed(1)} s`,
      remarkOf(member),
    ];
  });
  return columns([...titles, 'REMARK'], rows);
}

function remarkOf(member: z.infer<typeof memberSchema>): string {
  if (member.LeaseLeftMs_u64 === 0) return 'its lease is over';
  const { NumUnredeemed_u32: lost } = member;
  if (member.Suspected_bool) return `suspected: the last ${lost} clients sent there did not come`;
  return lost > 0 ? `the last ${lost} clients sent there did not come` : '';
}

const sessionSchema = z.object({
  Name_str: z.string(),
  Username_str: z.string(),
  ClientIP_ip: z.string(),
  Hostname_str: z.string(),
  MemberId_str: z.string(),
  CreatedTime_dt: z.string(),
});
const sessionsSchema = z.object({ HubName_str: z.string(), SessionList: z.array(sessionSchema) });

export function sessionTable(result: unknown): string {
  const { HubName_str: hub, SessionList: list } = sessionsSchema.parse(result);
  if (list.length === 0) return `hub ${hub} has no sessions`;
  const titles = ['SESSION', 'USER', 'FROM', 'HOST', 'MEMBER', 'SINCE'];
  const rows = list.map((one) => [
    one.Name_str,
    one.Username_str,
    one.ClientIP_ip,
    one.Hostname_str,
    one.MemberId_str,
    timeOf(one.CreatedTime_dt),
  ]);
  return columns(titles, rows);
}

const hubsSchema = z.object({
  HubList: z.array(
    z.object({
      HubName_str: z.string(),
      Online_bool: z.boolean(),
      HubType_u32: z.number(),
      NumSessions_u32: z.number(),
      NumUsers_u32: z.number(),
      NumLogin_u32: z.number(),
      LastLoginTime_dt: z.string(),
    }),
  ),
});

export function hubTable(result: unknown): string {
  const { HubList: list } = hubsSchema.parse(result);
  if (list.length === 0) return 'there are no hubs';
  const titles = ['HUB', 'TYPE', 'STATE', 'SESSIONS', 'USERS', 'LAST LOGIN'];
  const rows = list.map((hub) => [
    hub.HubName_str,
    hub.HubType_u32 === 1 ? 'static' : 'dynamic',
    hub.Online_bool ? 'online' : 'offline',
    String(hub.NumSessions_u32),
    String(hub.NumUsers_u32),
    // SoftEther tells the time it was made where nobody has logged in.
    hub.NumLogin_u32 === 0 ? '-' : timeOf(hub.LastLoginTime_dt),
  ]);
  return columns(titles, rows);
}

const drainSchema = z.object({
  MemberId_str: z.string(),
  State_str: z.string(),
  NumSessions_u32: z.number(),
  DrainDeadline_dt: z.string(),
});

const drainsSchema = z.object({ MemberList: z.array(z.unknown()) });

export function drainSentences(result: unknown): string {
  return drainsSchema.parse(result).MemberList.map(drainSentence).join('\n');
}

export function drainSentence(result: unknown): string {
  const told = drainSchema.parse(result);
  const { MemberId_str: member, State_str: state, NumSessions_u32: sessions } = told;
  if (state !== 'draining') return `${member} is ${state}`;
  const deadline = timeOf(told.DrainDeadline_dt);
  return `${member} drains: ${sessions} sessions left, done at the latest ${deadline}`;
}
