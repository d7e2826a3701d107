import { createHash } from 'node:crypto';
import { type Peer, type Peers, peersMax } from '#shared/contract/peers.ts';
import type { MemberId } from '#shared/kernel/ids.ts';
import { pairKey } from '#shared/witness/pair-key.ts';
import { memberKey } from '../domain/witness-keys.ts';
import type { RosterEntry } from '../store/roster.ts';
import type { AgentApi } from './agent-api.ts';

/** Hexadecimal digits that tell one list from another. */
const versionDigits = 24;

/**
 * The members this one must know of to tell an outage from its own isolation (ADR 0003), unless it
 * has that very list: lists change with joins and losses only, and are long.
 */
export async function peersFor(
  { clock, stores, witnessKey }: AgentApi,
  memberId: MemberId,
  knownVersion: string | undefined,
): Promise<Peers | undefined> {
  const entries = await stores.members.roster(clock.nowMs());
  const others = entries.filter((entry) => entry.memberId !== memberId);
  const clusterKey = await witnessKey();
  const version = versionOf(others, memberKey(clusterKey, memberId));
  if (version === knownVersion) return undefined;
  const reachable = others.flatMap((entry) => peerOf(entry, clusterKey, memberId));
  return {
    version,
    key: memberKey(clusterKey, memberId).toString('base64'),
    complete: reachable.length === others.length && reachable.length <= peersMax,
    list: reachable.slice(0, peersMax),
  };
}

function peerOf({ memberId, gone, witness }: RosterEntry, key: Buffer, reader: MemberId): Peer[] {
  if (witness === undefined) return [];
  const accepts = pairKey(memberKey(key, memberId), reader).toString('base64');
  return [{ ...witness, memberId, key: accepts, asked: !gone }];
}

function versionOf(entries: readonly RosterEntry[], key: Buffer): string {
  const hash = createHash('sha256').update(key);
  for (const { memberId, gone, witness } of entries) {
    hash.update(`${memberId} ${gone} ${witness?.address} ${witness?.port}\n`);
  }
  return hash.digest('hex').slice(0, versionDigits);
}
