import * as z from 'zod';

/** Longest call and answer, as PACKs: what agent API and function URL let through in base64. */
export const rpcCallBytesMax = 512 * 1024;
export const rpcAnswerBytesMax = 2_560 * 1024;

/** Longest hub name in a proof; longer ones name no hub. */
export const rpcHubNameCharsMax = 255;

const base64Of = (bytesMax: number) =>
  z
    .string()
    .max(4 * Math.ceil(bytesMax / 3))
    .regex(/^[A-Za-z0-9+/]*={0,2}$/);

/** `POST /v1/admin/sessions`: the proof an administrator gave this member (ADR 0034). */
export const adminLoginRequestSchema = z.object({
  /** The challenge of a heartbeat's answer that Hello was made from, and the nonce beside it. */
  challenge: z.string().max(128),
  nonce: base64Of(16),
  /** Whose administrator; empty: the server's. */
  hubName: z.string().max(rpcHubNameCharsMax),
  /** SHA-0 of the password's hash and Hello's random. */
  proof: base64Of(20),
  /** Where the administrator is. */
  clientAddress: z.string().max(64),
});
export type AdminLoginRequest = z.infer<typeof adminLoginRequestSchema>;

const sessionSchema = z.string().min(1).max(2_048);

export const adminLoginAnswerSchema = z.discriminatedUnion('kind', [
  /** `session`: sealed, for this member only; goes with each call. */
  z.object({ kind: z.literal('admitted'), session: sessionSchema }),
  /** With SoftEther's error number for the administrator. */
  z.object({ kind: z.literal('rejected'), code: z.number().int().positive() }),
]);
export type AdminLoginAnswer = z.infer<typeof adminLoginAnswerSchema>;

/** `POST /v1/admin/calls`: one call of an administrator who was admitted. */
export const adminCallRequestSchema = z.object({
  session: sessionSchema,
  /** PACK, base64. */
  call: base64Of(rpcCallBytesMax),
});
export type AdminCallRequest = z.infer<typeof adminCallRequestSchema>;

export const adminCallAnswerSchema = z.discriminatedUnion('kind', [
  /** `session`: takes the place of the other one; the call changed the password it was made of. */
  z.object({
    kind: z.literal('answered'),
    answer: base64Of(rpcAnswerBytesMax),
    session: sessionSchema.optional(),
  }),
  /** Its time is up, or the password was changed: the administrator has to prove it again. */
  z.object({ kind: z.literal('over') }),
]);
export type AdminCallAnswer = z.infer<typeof adminCallAnswerSchema>;
