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
  /** Sessions its dynamic hubs usually have and that are not there, as of the last heartbeat. */
  readonly awaited?: number | undefined;
  /** The same of hubs claimed for it since. */
  readonly pledged?: number | undefined;
}

/** What is to be placed. */
export interface Wanted {
  /** Sessions expected to come with it, beyond the one that asks: a dynamic hub's usual ones. */
  readonly expected: number;
  /** Of this one it was just learned what it has; what is known of the others is older. */
  readonly latest?: MemberId | undefined;
  /** Others were faster too often: settle for a good member instead of the best. */
  readonly hurried: boolean;
}

/**
 * SoftEther's point (protocol/04 §5), 100000 for an idle member, corrected by what was admitted
 * since its last heartbeat and by what its hubs are still waiting for.
 */
export function pointOf(member: Loaded): number {
  const size = member.capacity;
  const load = Math.min((loadOf(member) * 100) / member.weight, size);
  return Math.floor(((size - load) * 100_000) / size);
}

/** A member, and how sure the choice is. */
export interface Choice<M> {
  readonly member: M;
  /** As many others may be faster and it is still as good a choice. */
  readonly margin: number;
}

/**
 * The member to take, of those that may be taken: the least loaded, exactly so while there are few
 * sessions. Later it is the better of two drawn from those that are as good: if all who choose at
 * once chose the same member, most would find it filled by the others and have to choose again.
 */
export function select<M extends Loaded>(
  members: readonly M[],
  { expected, latest, hurried }: Wanted,
  random: Random,
): Choice<M> | undefined {
  const roomy = members.filter((member) => hasRoom(member, expected));
  const among = roomy.length > 0 ? roomy : members;
  const best = leastLoaded(among, random, expected);
  if (best === undefined) return undefined;
  const least = loadPerShare(best, expected);
  const limit = least + (hurried ? hurriedSlack(least) : slack(least));
  const near = among.filter((member) => loadPerShare(member, expected) <= limit);
  const known = near.find((member) => member.memberId === latest);
  const member = known ?? (limit === least ? best : betterOfTwo(near, random)) ?? best;
  return { member, margin: marginOf(member, among, limit, expected) };
}

/** Sessions until the member is neither within `limit` nor the least loaded of them all. */
function marginOf<M extends Loaded>(
  member: M,
  among: readonly M[],
  limit: number,
  expected: number,
): number {
  let least = Number.POSITIVE_INFINITY;
  for (const other of among) {
    if (other !== member) least = Math.min(least, loadPerShare(other, expected));
  }
  const left = Math.max(limit, least) - loadPerShare(member, expected);
  return Math.min(Math.floor((left * member.weight) / 100), member.capacity);
}

/** Members within so many sessions of the least loaded are as good: few of few, or one percent. */
function slack(least: number): number {
  return least < 8 ? 0 : Math.max(1, least * 0.01);
}

/** The same where there is no time for exactness. */
function hurriedSlack(least: number): number {
  return Math.max(8, least * 0.05);
}

/** Clients that may be on their way to a member of weight 100 whatever the others get. */
export const inrushFree = 50;
/** And beyond: this many times what the others have on their way, on average. */
const inrushRatio = 2;

/**
 * The members that have not been sent a crowd. An idle member that joined, or that has just lost
 * its clients, is the least loaded for a while; without a bound a whole burst would go to it, and
 * if it is idle because it cannot be reached, all of it in vain. So a member is passed over while
 * more than {@link inrushFree} clients are on their way to it (admitted, not among the sessions of
 * a heartbeat yet) and more than twice as many as to the others on average. Of a burst over n
 * members one gets at most {@link inrushFree} and 2 / (n + 1) of it. Equal members differ by less:
 * between two heartbeats of different phase one has at most twice the average on its way. Somebody
 * is always left: whoever has the fewest on their way is never above the average of the others.
 */
export function withinInrush<M extends Loaded>(members: readonly M[]): readonly M[] {
  const left = inrushLeft(members);
  return members.filter((member) => left(member) >= 0);
}

/** How many more may be sent to one of these members at the moment; negative: it is passed over. */
export function inrushLeft(members: readonly Loaded[]): (member: Loaded) => number {
  if (members.length < 2) return ({ capacity }) => capacity;
  let total = 0;
  for (const member of members) total += onTheWay(member);
  const others = members.length - 1;
  return (member) => {
    const own = onTheWay(member);
    const limit = inrushFree + (inrushRatio * (total - own)) / others;
    return Math.floor(((limit - own) * member.weight) / 100);
  };
}

/**
 * The member with the least corrected load for its weight, once `expected` more have come. Only
 * real ties are broken by chance: a handful of clients spreads evenly, and equal members do not all
 * get the same first one.
 */
export function leastLoaded<M extends Loaded>(
  members: readonly M[],
  random: Random,
  expected = 0,
): M | undefined {
  let best: M[] = [];
  for (const member of members) {
    const order = best[0] === undefined ? -1 : compareLoad(member, best[0], expected);
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
  return compareLoad(one, other, 0) <= 0 ? one : other;
}

/** Negative: `one` has less to do. Exact: loads compare as fractions over the weights. */
function compareLoad(one: Loaded, other: Loaded, expected: number): number {
  const difference =
    (loadOf(one) + expected) * other.weight - (loadOf(other) + expected) * one.weight;
  return difference !== 0 ? difference : pointOf(other) - pointOf(one);
}

function loadPerShare(member: Loaded, expected: number): number {
  return ((loadOf(member) + expected) * 100) / member.weight;
}

function onTheWay(member: Loaded): number {
  return (member.reserved * 100) / member.weight;
}

/** Whether what is expected fits beside those who are there, on their way, or usually come. */
function hasRoom(member: Loaded, expected: number): boolean {
  return member.capacity - loadOf(member) > expected;
}

function loadOf(member: Loaded): number {
  return member.sessions + member.reserved + (member.awaited ?? 0) + (member.pledged ?? 0);
}
