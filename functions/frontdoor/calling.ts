import type { MemberState } from '#shared/contract/member.ts';
import type { FrontDoor } from './front-door.ts';

/** A call each so often is enough, however many clients knock. */
export const callEveryMs = 30_000;

/**
 * A login found no member: if none is there or on its way in, have one started, unless there is to
 * be one anyway. The client is told to come back as always, and does within seconds; nobody waits
 * here. A call that fails is tried again by a later login, and must not cost this one its answer.
 */
export async function callIfNobodyIsThere(
  { calling, clock, log }: FrontDoor,
  members: readonly { readonly state: MemberState }[],
): Promise<void> {
  if (calling === undefined) return;
  if (members.some(({ state }) => state === 'active' || state === 'joining')) return;
  if (!(await calling.calls.claim(clock.nowMs(), callEveryMs))) return;
  try {
    log.info('member.called', { outcome: await calling.caller.call() });
  } catch (error) {
    log.error('member.called', { error: String(error) });
  }
}
