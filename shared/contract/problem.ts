import * as z from 'zod';

/** Why the control plane refused a member's request. Stable: agents decide by it. */
export const problemKinds = [
  'invalid-request', // the body does not match the contract; do not repeat it
  'not-a-member', // the caller's identity is not a member's, or names another member
  'stale-epoch', // this epoch is over: close exclusive hubs and join anew
  'not-joined', // no such member record: join first
  'no-such-ticket', // unknown, used, expired, or another member's: one answer for all four
  'terminated', // this machine was terminated; it never comes back
  'unavailable', // the control plane cannot decide now; repeat later
] as const;

export type ProblemKind = (typeof problemKinds)[number];

/** The body of every non-2xx answer of the agent API (RFC 9457, reduced). */
export const problemSchema = z.object({
  kind: z.enum(problemKinds),
  detail: z.string().max(1_000),
});

export type Problem = z.infer<typeof problemSchema>;

/** HTTP status each problem travels with. */
export const problemStatus: Readonly<Record<ProblemKind, number>> = {
  'invalid-request': 400,
  'not-a-member': 403,
  'stale-epoch': 409,
  'not-joined': 409,
  'no-such-ticket': 404,
  terminated: 410,
  unavailable: 503,
};
