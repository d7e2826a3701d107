import * as z from 'zod';
import { columns } from './columns.ts';
import { redirectCause, rejectTold } from './reasons.ts';

const candidateSchema = z.object({
  MemberId_str: z.string(),
  Verdict_str: z.string(),
  Point_u32: z.number(),
  NumSessions_u32: z.number(),
  NumReserved_u32: z.number(),
  NumAwaited_u32: z.number(),
});
const decision = {
  Time_dt: z.string().optional(),
  Reason_str: z.string().optional(),
  NumConsidered_u32: z.number().optional(),
  CandidateList: z.array(candidateSchema).optional(),
};

/** The answer of ExplainLogin, as far as it is shown. */
const explainedSchema = z.object({
  HubName_str: z.string(),
  HubOnline_bool: z.boolean(),
  Username_str: z.string(),
  UserExists_bool: z.boolean(),
  Redirected: z
    .array(
      z.object({
        ...decision,
        Session_str: z.string(),
        Live_bool: z.boolean(),
        Opened_dt: z.string(),
        ClientIp_str: z.string(),
        MemberId_str: z.string(),
        MemberState_str: z.string(),
      }),
    )
    .optional(),
  Rejected: z
    .array(
      z.object({
        ...decision,
        Reason_str: z.string(),
        Code_u32: z.number(),
        CodeText_str: z.string(),
        ClientIp_str: z.string(),
        ClientProductName_str: z.string(),
      }),
    )
    .optional(),
  Placement: z
    .array(z.object({ MemberId_str: z.string(), Phase_str: z.string(), Claimed_dt: z.string() }))
    .optional(),
});
type Explained = z.infer<typeof explainedSchema>;
type Decided = Pick<NonNullable<Explained['Redirected']>[number], keyof typeof decision>;

/** In sentences: where the user is and why, and why it was last turned away. */
export function explained(result: unknown): string {
  const told = explainedSchema.parse(result);
  const { HubName_str: hub, Username_str: user } = told;
  const paragraphs = [
    ...(told.HubOnline_bool ? [] : [`hub ${hub} is offline: nobody gets in (SetHubOnline)`]),
    ...(told.UserExists_bool ? [] : [`hub ${hub} has no user ${user}`]),
    ...(told.Redirected ?? []).map((one) => redirected(told, one)),
    ...(told.Rejected ?? []).map(rejected),
  ];
  if (told.Redirected === undefined && told.Rejected === undefined) {
    paragraphs.push(`nothing is known of a login of ${user} to ${hub}`);
  }
  return paragraphs.join('\n\n');
}

function redirected(
  { HubName_str: hub, Username_str: user, Placement }: Explained,
  one: NonNullable<Explained['Redirected']>[number],
): string {
  const from = one.ClientIp_str === '' ? '' : `, from ${one.ClientIp_str}`;
  const where = `on ${one.MemberId_str} (${one.MemberState_str})`;
  const opened = `session ${one.Session_str}, opened ${timeOf(one.Opened_dt)}${from}`;
  const placed = (Placement ?? []).map(
    ({ MemberId_str: member, Phase_str: phase, Claimed_dt: claimed }) =>
      `  ${hub} is on ${member} since ${timeOf(claimed)} (${phase})`,
  );
  return [
    one.Live_bool ? `${user} of ${hub} is ${where}` : `${user} of ${hub} was ${where}; it is over`,
    `  ${opened}`,
    `  because ${one.Reason_str === undefined ? 'it is not known' : redirectCause(one.Reason_str)}`,
    ...placed,
    ...candidatesOf(one, one.MemberId_str),
  ].join('\n');
}

function rejected(one: NonNullable<Explained['Rejected']>[number]): string {
  const { cause, remedy } = rejectTold(one.Reason_str);
  return [
    `last rejected ${timeOf(one.Time_dt ?? '')}, from ${one.ClientIp_str}: ${one.Reason_str}`,
    `  because ${cause}`,
    ...(remedy === undefined ? [] : [`  remedy: ${remedy}`]),
    `  the client was told ${one.Code_u32}: ${one.CodeText_str}`,
    `  it says it is ${one.ClientProductName_str}`,
    ...candidatesOf(one),
  ].join('\n');
}

function candidatesOf(decided: Decided, chosen?: string): string[] {
  const { CandidateList: list = [], NumConsidered_u32: looked = list.length, Time_dt } = decided;
  if (list.length === 0) return [];
  const rows = list.map((one) => [
    one.MemberId_str === chosen ? '*' : '',
    one.MemberId_str,
    one.Verdict_str,
    String(one.Point_u32),
    String(one.NumSessions_u32),
    String(one.NumReserved_u32),
    String(one.NumAwaited_u32),
  ]);
  const titles = ['', 'MEMBER', 'VERDICT', 'POINT', 'SESSIONS', 'ON THE WAY', 'AWAITED'];
  const table = columns(titles, rows).replace(/^/gm, '  ');
  const heading = `  ${list.length} of ${looked} members as they were at ${timeOf(Time_dt ?? '')}:`;
  return ['', heading, table];
}

export function timeOf(text: string): string {
  return text.replace('T', ' ').replace(/\.\d+Z$/, ' UTC');
}
