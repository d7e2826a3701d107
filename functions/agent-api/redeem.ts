import type { Grant, RedeemRequest } from '#shared/contract/ticket.ts';
import { hubName, type MemberId } from '#shared/kernel/ids.ts';
import { isAlive } from '../domain/lease.ts';
import { fullConfigOf } from '../store/hub-rules.ts';
import { type AgentApi, type Answer, ok, problem } from './agent-api.ts';

/**
 * Turn a ticket into its grant, once (I4). The ticket is gone first, whatever follows. Then what
 * may have changed since it was issued is looked at: the member's epoch (I3), the hub, and for a
 * dynamic hub that it is still placed here at the same epoch. A member that has released a hub, or
 * was lost, could otherwise be made to open it again beside its next owner (I1).
 */
export async function redeem(
  { clock, log, stores }: AgentApi,
  memberId: MemberId,
  { digest, epoch }: RedeemRequest,
): Promise<Answer<Grant>> {
  const refuse = (reason: string): Answer<never> => {
    log.info('ticket.refused', { member: memberId, epoch, reason });
    return problem('no-such-ticket', 'no such ticket');
  };
  const grant = await stores.tickets.redeem(digest, { memberId, epoch }, clock.nowMs());
  if (grant === undefined) return refuse('no-such-ticket');

  const name = hubName(grant.hub.name);
  /** There will be no session: its seats are free now. */
  const rise = async (): Promise<void> => {
    for (const seat of grant.seats ?? []) {
      await stores.seats.release(name, grant.user, grant.sessionName, seat);
    }
  };
  const [member, hub, placement] = await Promise.all([
    stores.members.get(memberId),
    stores.hubs.get(name),
    grant.hub.kind === 'dynamic' ? stores.placements.get(name) : undefined,
  ]);
  if (member?.epoch !== epoch || !isAlive(member)) {
    await rise();
    return problem('stale-epoch', `epoch ${epoch} of ${memberId} is over`);
  }
  const isAnother = (hub?.createdMs ?? 0) > (grant.issuedMs ?? Number.POSITIVE_INFINITY);
  if (hub === undefined || isAnother || !hub.online || hub.kind !== grant.hub.kind) {
    await rise();
    return refuse('hub-gone');
  }
  if (
    grant.hub.kind === 'dynamic' &&
    (placement?.memberId !== memberId ||
      placement.memberEpoch !== epoch ||
      placement.epoch !== grant.placementEpoch ||
      placement.phase !== 'live')
  ) {
    await rise();
    return refuse('placement-moved');
  }
  log.info('ticket.redeemed', { member: memberId, hub: name, session: grant.sessionName });
  return ok({ ...grant, hub: await fullConfigOf(stores, hub), message: hub.message });
}
