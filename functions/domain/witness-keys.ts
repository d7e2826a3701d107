import { createHmac } from 'node:crypto';

/** A member's own key: whatever peers send it is under keys made from this one (ADR 0003). */
export function memberKey(clusterWitnessKey: Uint8Array, memberId: string): Buffer {
  return createHmac('sha256', clusterWitnessKey).update(memberId).digest();
}
