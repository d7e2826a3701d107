import { drainLimitMs } from '#functions/domain/drain.ts';
import type { Item } from '#functions/store/table.ts';
import { machineOf, memberId } from '#shared/kernel/ids.ts';
import type { World } from './world.ts';

/** An event that is late, one look, and a group that was asked for more time just before. */
const releasedWithinMs = 30_000 + 60_000 + 10_000;

/** I7, I12: a machine may go when its members have ended, or at their deadline, and not before. */
export function machineGoesEarly(world: World, machine: string): string | undefined {
  const members = world.invariants
    .items('STATE')
    .filter((item) => machineOf(memberId(String(item['memberId']))) === machine);
  return members.map((member) => leftEarly(world, member)).find((what) => what !== undefined);
}

function leftEarly(world: World, member: Item): string | undefined {
  const state = String(member?.['state']);
  if (['drained', 'lost', 'terminated'].includes(state)) return undefined;
  const deadlineMs = Number(member['drainDeadlineMs'] ?? Number.POSITIVE_INFINITY);
  if (deadlineMs <= world.controlNowMs + world.options.controlClockMs) return undefined;
  return `${String(member['memberId'])}: its machine goes while it is ${state}`;
}

/** I7: whatever happens, a machine that waits for its member goes soon after the deadline. */
export function heldMachine({ group, time }: World): string | undefined {
  const held = group.waiting.find(
    ({ sinceMs }) => time.nowMs - sinceMs > drainLimitMs + releasedWithinMs,
  );
  return held && `${held.machine}: it waits for too long`;
}
