import * as z from 'zod';
import { hubConfigSchema } from './hub.ts';
import { policySchema } from './policy.ts';

/** `POST /v1/tickets/redeem`: one question per ticket. The caller is the member. */
export const redeemRequestSchema = z.object({
  /** SHA-256 of the ticket, hex. */
  digest: z.string().regex(/^[0-9a-f]{64}$/),
  /** The member's epoch. */
  epoch: z.number().int().positive(),
});
export type RedeemRequest = z.infer<typeof redeemRequestSchema>;

/**
 * Where a session's seat under a limit is kept, for the control plane's own use: members repeat it
 * in the session's report. `heldUntilMs` is of the control plane's clock.
 */
export const seatRefSchema = z.object({
  scope: z.enum(['hub', 'user', 'clients', 'bridges']),
  shard: z.number().int().nonnegative(),
  heldUntilMs: z.number().int().nonnegative(),
});
export type SeatRef = z.infer<typeof seatRefSchema>;
/** Of {@link grantSchema}'s `explanation`. */
export const explanationCharsMax = 400;
export const explanationSchema = z.string().max(explanationCharsMax);

/** A session counts under its hub's limit, that of its kind and its user's. */
export const seatRefsSchema = z.array(seatRefSchema).max(3);

/** What a redeemed ticket admits to. Everything a session needs, and no credential. */
export const grantSchema = z.object({
  sessionName: z.string().min(1).max(255),
  user: z.string().max(255),
  /** The user's group, if it is in one: access lists know it. */
  group: z.string().max(255).optional(),
  hub: hubConfigSchema,
  /** Epoch of the dynamic hub's placement; 0 for a static hub. */
  placementEpoch: z.number().int().nonnegative(),
  /** Sessions the dynamic hub usually has, as far as members have told. */
  usual: z.number().int().nonnegative().optional(),
  policy: policySchema,
  /** Welcome's `timeout`: a session without traffic ends after this long. */
  sessionTimeoutMs: z.number().int().min(2_000).max(60_000),
  /** Set for clients that misplace additional connections (protocol/04 §3). */
  singleConnection: z.boolean(),
  message: z.string().max(20_000),
  /** When the login was admitted, by the control plane's clock; members repeat it like `seats`. */
  issuedMs: z.number().int().nonnegative().optional(),
  /** Absent where no limit applies. */
  seats: seatRefsSchema.optional(),
  /** Why this member was chosen, for the control plane's own use: repeated like `seats`. */
  explanation: explanationSchema.optional(),
});
export type Grant = z.infer<typeof grantSchema>;
