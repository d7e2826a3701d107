import type { MemberId } from '#shared/kernel/ids.ts';
import { isAlive, isLive, type Leaseholder } from './lease.ts';

/** Where a dynamic hub was put. */
export interface PlacementRecord {
  readonly memberId: MemberId;
  readonly memberEpoch: number;
  readonly epoch: number;
  readonly phase: 'live' | 'releasing' | 'released';
  /** Sessions the hub usually has, as its members told; undefined until one did. */
  readonly usual?: number | undefined;
}

/** What a placement means for the next login. */
export type Standing<M extends Leaseholder> =
  /** Its owner serves it: follow. */
  | { readonly kind: 'live'; readonly owner: M }
  /** Its owner is about to let go of it: nobody may claim it yet. */
  | { readonly kind: 'ending'; readonly reason: 'member-draining' | 'hub-releasing' }
  /** Nobody serves it and nobody can any more: claim it. */
  | { readonly kind: 'free' }
  /**
   * Its owner joined anew while the lease of its old epoch may still be held: until that is over
   * nobody else may claim it (I1), the owner itself at once.
   */
  | { readonly kind: 'rejoined'; readonly owner: M }
  /** Its owner was called lost: claim it, but see {@link mayTakeOver}. */
  | { readonly kind: 'orphaned'; readonly lost: M }
  /**
   * Its owner's lease ran out. The owner must be called lost first, by one write on the owner: from
   * then on it cannot renew, so that renewal and takeover can never both happen (I1, I2).
   */
  | { readonly kind: 'lapsed'; readonly lost: M };

/**
 * `owner` is the placement's member as stored now. A placement belongs to one epoch of its member:
 * whoever joined anew had closed what the old epoch served before it asked, unless what arrived was
 * a late copy of an earlier join.
 */
export function standingOf<M extends Leaseholder>(
  placement: PlacementRecord | undefined,
  owner: M | undefined,
  nowMs: number,
): Standing<M> {
  if (placement === undefined || placement.phase === 'released') return { kind: 'free' };
  if (owner === undefined || owner.memberId !== placement.memberId) return { kind: 'free' };
  if (owner.epoch !== placement.memberEpoch) {
    const lostWithIt = owner.state === 'lost' && owner.epoch === placement.memberEpoch + 1;
    if (lostWithIt) return { kind: 'orphaned', lost: owner };
    const priorHeld = (owner.priorLeaseExpiresMs ?? 0) > nowMs;
    return priorHeld ? { kind: 'rejoined', owner } : { kind: 'free' };
  }
  if (!isAlive(owner)) return { kind: 'free' };
  if (!isLive(owner, nowMs)) return { kind: 'lapsed', lost: owner };
  if (placement.phase === 'releasing') return { kind: 'ending', reason: 'hub-releasing' };
  // A draining member reports its hubs released one by one. Until then they stay where they are,
  // and admission needs no second mark on each of them: the member's state says it for all (I7).
  if (owner.state !== 'active') return { kind: 'ending', reason: 'member-draining' };
  return { kind: 'live', owner };
}
