import { type MemberId, machineOf, memberId } from '#shared/kernel/ids.ts';
import { errorCode } from '#shared/wire/error-code.ts';
import { drainLimitMs } from '../domain/drain.ts';
import type { Member } from '../store/member-store.ts';
import { AdminError } from './admin-error.ts';
import type { AdminCall, AdminPorts } from './method.ts';
import { nameCharsMax } from './names.ts';
import { type RpcObject, timeText } from './rpc-object.ts';

/**
 * Take a member out of service (not one of SoftEther's own methods): it takes no new sessions,
 * closes those it has, and ends. Asked twice, it tells how far that is.
 */
export async function drainMember(call: AdminCall): Promise<RpcObject> {
  const member = await drained(call.ports, idIn(call));
  if (member === undefined) throw new AdminError(errorCode.objectNotFound, 'no such member');
  return drainOf(member);
}

/** The same with all members of a member's machine: before somebody restarts it, say. */
export async function drainMachine(call: AdminCall): Promise<RpcObject> {
  const { stores } = call.ports;
  const members: Member[] = [];
  for (const { memberId: id } of await stores.members.onMachine(machineOf(idIn(call)))) {
    const member = await drained(call.ports, id);
    if (member !== undefined) members.push(member);
  }
  if (members.length === 0) throw new AdminError(errorCode.objectNotFound, 'no such machine');
  return { MemberList: members.map(drainOf) };
}

function idIn({ fields }: AdminCall): MemberId {
  const id = memberId(fields.text('MemberId_str', nameCharsMax) ?? '');
  if (id === '') throw new AdminError(errorCode.invalidParameter, 'MemberId_str is empty');
  return id;
}

/** Undefined for one that ended in another way, or never was. */
async function drained({ clock, stores }: AdminPorts, id: MemberId): Promise<Member | undefined> {
  const began = await stores.members.beginDrain(id, clock.nowMs() + drainLimitMs);
  const member = await stores.members.get(id);
  const isDone = member?.state === 'drained' || member?.state === 'terminated';
  return began === 'not-a-live-member' && !isDone ? undefined : member;
}

function drainOf({ drainDeadlineMs = 0, memberId: id, sessions, state }: Member): RpcObject {
  return {
    MemberId_str: id,
    State_str: state,
    NumSessions_u32: sessions,
    DrainDeadline_dt: timeText(drainDeadlineMs),
  };
}
