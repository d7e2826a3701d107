import type { MemberId } from '#shared/kernel/ids.ts';
import { below, type Random } from '#shared/kernel/random.ts';

/** A member as far as its load goes. */
export interface Loaded {
  readonly memberId: MemberId;
  /** 100 is one share, 200 carries twice as much. */
  readonly weight: number;
  readonly capacity: number;
  /** As of the last heartbeat. */
  readonly sessions: number;
  /** Admitted since and not among them yet. */
  readonly reserved: number;
}

/**
 * SoftEther's point (protocol/04 §5), 100000 for an idle member, corrected by what was admitted
 * since its last heartbeat.
 */
export function pointOf(member: Loaded): number {
  const size = member.capacity;
  const load = Math.min((loadOf(member) * 100) / member.weight, size);
  return Math.floor(((size - load) * 100_000) / size);
}

/**
 * The member with the least corrected load for its weight. Only real ties are broken by chance:
 * a handful of clients spreads evenly, and equal members do not all get the same first one.
 */
export function leastLoaded<M extends Loaded>(
  members: readonly M[],
  random: Random,
): M | undefined {
  let best: M[] = [];
  for (const member of members) {
    const order = best[0] === undefined ? -1 : compareLoad(member, best[0]);
    if (order < 0) best = [member];
    else if (order === 0) best.push(member);
  }
  return best[below(random, best.length)];
}

/**
 * The better of two drawn by chance. Used where what is known is out of date already, because too
 * many are choosing at once: then "the least loaded" would send all of them to one member.
 */
export function betterOfTwo<M extends Loaded>(
  members: readonly M[],
  random: Random,
): M | undefined {
  const one = members[below(random, members.length)];
  const others = members.filter((member) => member !== one);
  const other = others[below(random, others.length)];
  if (one === undefined || other === undefined) return one;
  return compareLoad(one, other) <= 0 ? one : other;
}

/** Negative: `one` has less to do. Exact: loads compare as fractions over the weights. */
function compareLoad(one: Loaded, other: Loaded): number {
  const difference = loadOf(one) * other.weight - loadOf(other) * one.weight;
  return difference !== 0 ? difference : pointOf(other) - pointOf(one);
}

function loadOf(member: Loaded): number {
  return member.sessions + member.reserved;
}
