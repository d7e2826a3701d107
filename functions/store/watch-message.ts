import * as z from 'zod';
import { type MemberId, memberId } from '#shared/kernel/ids.ts';
import { firstWatchChain, roundsPerChain, type WatchLink } from '../domain/watch-chain.ts';

const chainName = z.string().max(64);

/** The watchdog's message to itself: look at this member, as of this epoch. */
const schema = z.object({
  memberId: z.string().min(1).transform(memberId),
  epoch: z.number().int().positive(),
  chain: chainName.default(firstWatchChain),
  after: chainName.optional(),
  round: z.number().int().nonnegative().default(0),
});

export interface WatchMessage extends WatchLink {
  readonly memberId: MemberId;
  readonly epoch: number;
}

/** Whom a watch is begun of: under the name that its chain has, if there is one. */
interface Watched {
  readonly memberId: MemberId;
  readonly epoch: number;
  readonly watch?: string | undefined;
}

export const watchMessage = {
  begin: ({ memberId: id, epoch, watch: chain = firstWatchChain }: Watched): string =>
    JSON.stringify({ memberId: id, epoch, chain, round: 0 }),
  /** The same, to be accepted under a name of its own soon: copies and remains of others end. */
  beginAnew: ({ memberId: id, epoch, watch: chain = firstWatchChain }: Watched): string =>
    JSON.stringify({ memberId: id, epoch, chain, round: roundsPerChain - 1 }),
  next: ({ memberId: id, epoch, chain, after, round }: WatchMessage): string =>
    JSON.stringify({ memberId: id, epoch, chain, after, round }),
  /** @throws on a body that nobody of ours wrote. */
  decode: (body: string): WatchMessage => schema.parse(JSON.parse(body)),
} as const;
