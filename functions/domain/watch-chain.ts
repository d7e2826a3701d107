import type { Random } from '#shared/kernel/random.ts';

/**
 * A member is watched by a chain of delayed messages, each sent on by the one before. Any of them
 * may come twice, and each copy would go on for as long as the member lives (I8). So a chain takes
 * another name now and then: whoever sends it on draws one, and only the first to arrive under a
 * new name is accepted; what else is on its way under an old or another name ends. A name is
 * claimed on arrival, not when it is sent: whichever invocation dies where, a message that is
 * accepted remains.
 */
export interface WatchLink {
  readonly chain: string;
  /** The name before this one, in the first message under a new name. */
  readonly after?: string | undefined;
  /** Messages sent under this name before. */
  readonly round: number;
}

/** A join begins with this name; nothing is stored of it. */
export const firstWatchChain = '';

/**
 * Copies live for twice this many rounds at most, about five minutes while their member is well.
 * A claim writes the member's item once in so many looks: some two request units in two minutes,
 * where heartbeats take a hundred and twenty.
 */
export const roundsPerChain = 16;

const nameBytes = 9;

export type WatchStanding = 'accepted' | 'to-be-claimed' | 'superseded';

/** Whether a message watches a member of which `stored` is the chain's name. */
export function standingOfWatch(link: WatchLink, stored = firstWatchChain): WatchStanding {
  if (link.chain === stored) return 'accepted';
  return link.after === stored ? 'to-be-claimed' : 'superseded';
}

/** The message that follows this one, under another name after so many `rounds`. */
export function nextWatch(
  { chain, round }: WatchLink,
  random: Random,
  rounds = roundsPerChain,
): WatchLink {
  if (round + 1 < rounds) return { chain, round: round + 1 };
  return { chain: random.bytes(nameBytes).toString('base64url'), after: chain, round: 0 };
}
