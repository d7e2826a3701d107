import { drainLimitMs } from '#functions/domain/drain.ts';
import type { World } from './world.ts';

/** An event that is late, one look, and a group that was asked for more time just before. */
const releasedWithinMs = 30_000 + 60_000 + 10_000;

/** I7, I12: a machine may go when its member has ended, or at its deadline, and not before. */
export function machineGoesEarly(world: World, name: string): string | undefined {
  const member = world.invariants.items('STATE').find((item) => item['memberId'] === name);
  const state = String(member?.['state']);
  if (member === undefined || ['drained', 'lost', 'terminated'].includes(state)) return undefined;
  const deadlineMs = Number(member['drainDeadlineMs'] ?? Number.POSITIVE_INFINITY);
  if (deadlineMs <= world.controlNowMs + world.options.controlClockMs) return undefined;
  return `${name}: its machine goes while it is ${state}`;
}

/** I7: whatever happens, a machine that waits for its member goes soon after the deadline. */
export function heldMachine({ group, time }: World): string | undefined {
  const held = group.waiting.find(
    ({ sinceMs }) => time.nowMs - sinceMs > drainLimitMs + releasedWithinMs,
  );
  return held && `${held.member.name}: its machine waits for too long`;
}
