import { createHash } from 'node:crypto';
import { sha0Bytes } from './sha0.ts';

/** What makes one connection's challenge unlike all others. */
export const rpcNonceBytes = 16;

/**
 * Hello's random where an administrator may answer it (ADR 0034): made from a challenge of the
 * control plane, which knows its age and whom it was given to, and from this connection's nonce.
 */
export function rpcRandom(challenge: string, nonce: Uint8Array): Buffer {
  const hash = createHash('sha256').update(`etherfleet/rpc\0${challenge}\0`).update(nonce);
  return hash.digest().subarray(0, sha0Bytes);
}
