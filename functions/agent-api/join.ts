import type { JoinRequest, JoinResponse } from '#shared/contract/member.ts';
import { timing } from '#shared/contract/timing.ts';
import type { MemberId } from '#shared/kernel/ids.ts';
import { watchMessage } from '../store/watch-message.ts';
import { type AgentApi, type Answer, ok, problem } from './agent-api.ts';

/** The watchdog looks for the first time when the lease of the join itself should have ended. */
const firstWatchSeconds = timing.leaseTtlMs / 1_000 + 1;

/** Register the caller at a new epoch and put it under watch. Should either fail, it asks again. */
export async function join(
  { clock, log, stores, watchdogQueue }: AgentApi,
  memberId: MemberId,
  request: JoinRequest,
): Promise<Answer<JoinResponse>> {
  const nowMs = clock.nowMs();
  const member = await stores.members.join(memberId, request, nowMs + timing.leaseTtlMs, nowMs);
  if (member === 'terminated') return problem('terminated', `${memberId} was terminated`);
  if (member === 'raced') return problem('unavailable', 'another join of this member won');
  await watchdogQueue.send(watchMessage.begin(member), firstWatchSeconds);
  log.info('member.joined', {
    member: memberId,
    epoch: member.epoch,
    address: request.address,
    ports: request.ports,
    agentVersion: request.agentVersion,
  });
  return ok({ memberId, epoch: member.epoch, timing });
}
