import { z } from 'zod';
import type { AdminClient } from '../admin-client.ts';

const farmSchema = z.object({
  FarmMemberList: z.array(
    z.object({
      Hostname_str: z.string(),
      Controller_bool: z.boolean(),
      NumSessions_u32: z.number(),
      LeaseExpires_dt: z.iso.datetime().optional(),
    }),
  ),
});
const sessionsSchema = z.object({ SessionList: z.array(z.object({ MemberId_str: z.string() })) });

/** What the control plane says, as any administrator can ask it. */
export interface ClusterAnswer {
  readonly members: ReadonlyMap<string, { readonly sessions: number; readonly leaseMs: number }>;
  readonly hubs: ReadonlyMap<
    string,
    { readonly sessions: number; readonly members: readonly string[] }
  >;
}

export const nothingKnown: ClusterAnswer = { members: new Map(), hubs: new Map() };

export async function askCluster(
  admin: AdminClient,
  hubs: readonly string[],
): Promise<ClusterAnswer> {
  const farm = farmSchema.parse(await admin.call('EnumFarmMember'));
  const listed = farm.FarmMemberList.filter((member) => !member.Controller_bool);
  const hubAnswers = new Map<string, { sessions: number; members: string[] }>();
  for (const hub of hubs) {
    const answer = await admin.call('EnumSession', { HubName_str: hub });
    const { SessionList } = sessionsSchema.parse(answer);
    const ids = SessionList.map((session) => session.MemberId_str);
    hubAnswers.set(hub, { sessions: ids.length, members: [...new Set(ids)].sort() });
  }
  return {
    members: new Map(
      listed.map((member) => [
        member.Hostname_str,
        {
          sessions: member.NumSessions_u32,
          leaseMs: Date.parse(member.LeaseExpires_dt ?? ''),
        },
      ]),
    ),
    hubs: hubAnswers,
  };
}
