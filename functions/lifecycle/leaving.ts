import { assert } from '#shared/kernel/assert.ts';
import { type MemberId, memberIdOn } from '#shared/kernel/ids.ts';
import { type CompleteReason, decideLeave, drainLimitMs } from '../domain/drain.ts';
import { decideMachineLeave } from '../domain/machine.ts';
import { lifecycleHeartbeatSeconds } from '../env.ts';
import type { LifecycleAction } from '../store/machine-group.ts';
import type { Member } from '../store/member-store.ts';
import { forget } from './forgetting.ts';
import { lifecycleMessage } from './message.ts';
import type { Lifecycle } from './ports.ts';

/** Members whose machine waits are looked at this often: an agent is empty after about 12 s. */
const lookAgainSeconds = 5;

assert(3 * lookAgainSeconds < lifecycleHeartbeatSeconds, 'a machine waits from look to look');

/**
 * A machine waits to be terminated: drain its members, look again until that is done, let it go.
 * Sending the next look is the last thing done, so that whatever fails before brings this one back.
 * Should it be lost all the same, the group goes on by itself when nobody extends.
 */
export async function leave(lifecycle: Lifecycle, action: LifecycleAction): Promise<void> {
  const { clock, group, queue, stores } = lifecycle;
  const members = await stores.members.onMachine(action.machineId);
  const decision = decideMachineLeave(members, clock.nowMs());
  if (decision.kind === 'complete') return complete(lifecycle, action, members, decision.reason);
  for (const member of members) {
    const isUntold = member.state === 'draining' && member.lifecycle === undefined;
    if (isUntold || decision.toDrain.includes(member)) await drain(lifecycle, action, member);
  }
  if (decision.extend) {
    // Completed by another copy of this message, or the group did not wait any longer.
    if ((await group.extend(action)) === 'over') return;
  }
  await queue.send(lifecycleMessage.leave(action), lookAgainSeconds);
}

async function drain(
  { clock, log, stores }: Lifecycle,
  { groupName, hookName, token }: LifecycleAction,
  { memberId, sessions }: Member,
): Promise<void> {
  const state = await stores.members.beginDrain(memberId, clock.nowMs() + drainLimitMs, {
    cause: 'machine-scaled-in',
    lifecycle: { groupName, hookName, token },
  });
  log.info('machine.leaving', { member: memberId, state, sessions });
}

async function complete(
  lifecycle: Lifecycle,
  action: LifecycleAction,
  members: readonly Member[],
  reason: CompleteReason,
): Promise<void> {
  const { group, log, queue, stores } = lifecycle;
  const { machineId: machine } = action;
  // First: whoever joins anew meanwhile, or at all, is to be drained then. The first member stands
  // for the machine: once it is barred, only who is listed already may yet join.
  const first = memberIdOn(machine, 0);
  const isThere = members.some(({ memberId }) => memberId === first);
  const lookAgain = () => queue.send(lifecycleMessage.leave(action), lookAgainSeconds);
  const ended: MemberId[] = [];
  for (const member of isThere ? members : [undefined, ...members]) {
    const end = await settle(lifecycle, member?.memberId ?? first, member);
    if (end === 'raced') return lookAgain();
    if (end === 'terminated') ended.push(member?.memberId ?? first);
  }
  const known = new Set([first, ...members.map(({ memberId }) => memberId)]);
  const listed = await stores.members.idsOn(machine);
  if (listed.some((id) => !known.has(id))) return lookAgain();
  const outcome = await group.complete(action);
  const facts = { machine, members: members.length, reason, outcome };
  if (reason === 'deadline') log.warn('machine.released', facts);
  else log.info('machine.released', facts);
  // Anybody else may still serve: of those the end of their machine or of their lease is awaited.
  for (const id of ended) await forget(stores, id);
}

/** Nobody is to come back under this id. `raced`: somebody did, or may have. */
async function settle(
  { clock, stores }: Lifecycle,
  id: MemberId,
  member: Member | undefined,
): Promise<'terminated' | 'barred' | 'raced'> {
  const decision = decideLeave(member, clock.nowMs());
  if (decision.kind !== 'complete') return 'raced';
  switch (decision.reason) {
    case 'drained':
    case 'terminated':
      return (await stores.members.markTerminated(id, clock.nowMs())) ? 'terminated' : 'raced';
    case 'deadline':
      return 'barred';
    case 'lost':
    case 'not-a-member':
      return (await stores.members.bar(id, member, clock.nowMs())) ? 'barred' : 'raced';
  }
}
