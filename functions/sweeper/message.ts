import * as z from 'zod';

/** How far a walk over all hubs has come: the list goes on behind `behind`. */
const cursorSchema = z.object({
  behind: z.string().optional(),
  /** The hub it is in the middle of, and the last of its sessions that was looked at. */
  within: z.object({ hub: z.string(), session: z.string() }).optional(),
});
export type WalkCursor = z.infer<typeof cursorSchema>;

const messageSchema = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('tick') }),
  z.object({ kind: z.literal('request-walk') }),
  z.object({
    kind: z.literal('walk'),
    /** Which walk this is a step of. */
    startedMs: z.number().int(),
    after: cursorSchema.optional(),
  }),
]);

/** What the sweeper is told by schedules and by itself. */
export type SweeperMessage = z.infer<typeof messageSchema>;

export const sweeperMessages = {
  walk: (startedMs: number, after?: WalkCursor): string =>
    JSON.stringify({ kind: 'walk', startedMs, after }),
  /** @throws on a body nobody of ours wrote. */
  decode: (body: string): SweeperMessage => messageSchema.parse(JSON.parse(body)),
} as const;
