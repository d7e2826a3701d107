import { createHmac } from 'node:crypto';

/**
 * The key under which the member that owns `memberKey` takes messages from one peer: made by the
 * control plane for the peer, and by the member itself for whoever writes to it. So a member that
 * was broken into can speak for itself only.
 */
export function pairKey(memberKey: Uint8Array, peerId: string): Buffer {
  return createHmac('sha256', memberKey).update(peerId).digest();
}
