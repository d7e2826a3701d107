import type { JoinRequest, JoinResponse } from '#shared/contract/member.ts';
import { timing } from '#shared/contract/timing.ts';
import type { MemberId } from '#shared/kernel/ids.ts';
import type { Member } from '../store/member-store.ts';
import { watchMessage } from '../store/watch-message.ts';
import { type AgentApi, type Answer, ok, problem } from './agent-api.ts';

/** The watchdog looks for the first time when the lease of the join itself should have ended. */
const firstWatchSeconds = timing.leaseTtlMs / 1_000 + 1;

/** Register the caller at a new epoch and put it under watch. */
export async function join(
  api: AgentApi,
  memberId: MemberId,
  request: JoinRequest,
): Promise<Answer<JoinResponse>> {
  const { clock, log, stores } = api;
  const nowMs = clock.nowMs();
  const member = await stores.members.join(memberId, request, nowMs + timing.leaseTtlMs, nowMs);
  if (member === 'terminated') return problem('terminated', `${memberId} was terminated`);
  if (member === 'raced') return problem('unavailable', 'another join of this member won');
  await beginWatch(api, member);
  log.info('member.joined', {
    member: memberId,
    epoch: member.epoch,
    address: request.address,
    ports: request.ports,
    agentVersion: request.agentVersion,
  });
  return ok({ memberId, epoch: member.epoch, timing });
}

/**
 * With the queue away members join all the same, or whoever starts anew would be missing for as
 * long: the sweeper has those watched that nobody watches.
 */
async function beginWatch({ log, watchdogQueue }: AgentApi, member: Member): Promise<void> {
  try {
    await watchdogQueue.send(watchMessage.begin(member), firstWatchSeconds);
  } catch (error) {
    const { memberId, epoch } = member;
    log.error('watch.not-begun', { member: memberId, epoch, error: String(error) });
  }
}
