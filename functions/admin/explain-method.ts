import { memberId } from '#shared/kernel/ids.ts';
import { describeErrorCode, errorCode } from '#shared/wire/error-code.ts';
import type { Considered } from '../domain/admission.ts';
import { isAdministrator } from '../domain/credential.ts';
import { isLive } from '../domain/lease.ts';
import { decodeExplanation } from '../store/explanation.ts';
import type { SessionRecord } from '../store/session-store.ts';
import type { User } from '../store/user-store.ts';
import { AdminError } from './admin-error.ts';
import type { HubCall } from './method.ts';
import { nameCharsMax } from './names.ts';
import { type RpcObject, timeText } from './rpc-object.ts';

/**
 * Why a user was put where it was, and why it was not let in (ADR 0023; not one of SoftEther's own
 * methods). `Name_str` is a session of the hub, or a user: then of its last session.
 */
export async function explainLogin(call: HubCall): Promise<RpcObject> {
  const { fields, hub, ports } = call;
  const { rejections, sessions, users } = ports.stores;
  const name = (fields.text('Name_str', nameCharsMax) ?? '').trim();
  if (name === '') throw new AdminError(errorCode.invalidParameter, 'Name_str is empty');
  const named = await sessions.get(hub.name, name);
  const userName = named?.user ?? userIn(name);
  const [user, rejected] = await Promise.all([
    users.get(hub.name, userName),
    rejections.get(hub.name, userName),
  ]);
  const isOfThisHub = rejected !== undefined && rejected.atMs >= hub.createdMs;
  const session = named ?? (await lastSession(call, user));
  const isKnown = user !== undefined || isAdministrator(userName);
  if (session === undefined && !isOfThisHub && !isKnown) {
    throw new AdminError(errorCode.objectNotFound, 'no such user or session');
  }
  return {
    HubName_str: hub.name,
    HubOnline_bool: hub.online,
    Username_str: user?.name ?? userName,
    UserExists_bool: isKnown,
    ...(session !== undefined && { Redirected: [await redirectedOf(call, session)] }),
    ...(isOfThisHub && { Rejected: [rejectedOf(call, rejected)] }),
    ...(hub.kind === 'dynamic' && (await placementOf(call))),
  };
}

/** Of a session that is over, its name says whose it was (`drawSessionName`). */
function userIn(name: string): string {
  return /^SID-(.+)-[0-9A-F]{8}$/i.exec(name)?.[1] ?? name;
}

type Told = Pick<SessionRecord, 'name' | 'explanation' | 'memberId'> & {
  readonly memberEpoch?: number;
  readonly clientAddress?: string;
  readonly clientName?: string;
  readonly openedMs: number;
};

/** The user's last one: while it is there as its member told it, then what the user item kept. */
async function lastSession(
  { hub, ports }: HubCall,
  user: User | undefined,
): Promise<Told | undefined> {
  const last = user?.lastSession;
  if (user === undefined || last === undefined) return undefined;
  const stored = await ports.stores.sessions.get(hub.name, last.name);
  return stored ?? { ...last, memberId: memberId(last.memberId), openedMs: user.lastLoginMs };
}

async function redirectedOf(call: HubCall, session: Told): Promise<RpcObject> {
  const { clock, stores } = call.ports;
  const member = await stores.members.get(session.memberId);
  const isThere =
    member !== undefined && member.epoch === session.memberEpoch && isLive(member, clock.nowMs());
  const explanation = decodeExplanation(session.explanation);
  return {
    Session_str: session.name,
    Live_bool: isThere,
    Opened_dt: timeText(session.openedMs),
    ClientIp_str: session.clientAddress ?? '',
    ClientProductName_str: session.clientName ?? '',
    MemberId_str: session.memberId,
    MemberState_str: member?.state ?? 'terminated',
    ...decisionOf(call, session.explanation),
    Known_bool: explanation !== undefined,
  };
}

function rejectedOf(
  call: HubCall,
  {
    atMs,
    code,
    reason,
    source,
    client,
    explanation,
  }: NonNullable<Awaited<ReturnType<HubCall['ports']['stores']['rejections']['get']>>>,
): RpcObject {
  return {
    ...decisionOf(call, explanation),
    Time_dt: timeText(atMs),
    Reason_str: reason,
    Code_u32: code,
    CodeText_str: describeErrorCode(code),
    ClientIp_str: source,
    ClientProductName_str: client,
  };
}

/** Other members' loads are the business of those who run the cluster. */
function decisionOf({ admin }: HubCall, text: string | undefined): RpcObject {
  const explanation = decodeExplanation(text);
  if (explanation === undefined) return {};
  const { atMs, reason, rounds, looked, candidates } = explanation;
  return {
    Time_dt: timeText(atMs),
    Reason_str: reason,
    Rounds_u32: rounds,
    NumConsidered_u32: looked,
    ...(admin.kind === 'server' && { CandidateList: candidates.map(candidateOf) }),
  };
}

function candidateOf({ member, verdict, ...load }: Considered): RpcObject {
  return {
    MemberId_str: member,
    Verdict_str: verdict,
    Point_u32: load.point,
    NumSessions_u32: load.sessions,
    NumReserved_u32: Math.max(0, load.reserved),
    NumAwaited_u32: load.awaited,
  };
}

/** Where a dynamic hub is now, which decides for all its users. */
async function placementOf({ hub, ports }: HubCall): Promise<RpcObject> {
  const placement = await ports.stores.placements.get(hub.name);
  if (placement === undefined) return {};
  return {
    Placement: [
      {
        MemberId_str: placement.memberId,
        Phase_str: placement.phase,
        Epoch_u32: placement.epoch,
        Claimed_dt: timeText(placement.claimedMs),
      },
    ],
  };
}
