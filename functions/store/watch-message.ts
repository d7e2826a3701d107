import { z } from 'zod';
import { type MemberId, memberId } from '#shared/kernel/ids.ts';

/** The watchdog's message to itself: look at this member, as of this epoch. */
const schema = z.object({
  memberId: z.string().min(1).transform(memberId),
  epoch: z.number().int().positive(),
});

export interface WatchMessage {
  readonly memberId: MemberId;
  readonly epoch: number;
}

export const watchMessage = {
  encode: ({ memberId: id, epoch }: WatchMessage): string =>
    JSON.stringify({ memberId: id, epoch }),
  /** @throws on a body that nobody of ours wrote. */
  decode: (body: string): WatchMessage => schema.parse(JSON.parse(body)),
} as const;
