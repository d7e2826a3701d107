import { createHash } from 'node:crypto';
import * as z from 'zod';
import type { MemberId } from '#shared/kernel/ids.ts';
import { type Sealer, sealContext } from '../domain/sealing.ts';

/** From the proof on; then the administrator has to prove the password again. */
export const adminSessionTtlMs = 4 * 3_600_000;

const sessionSchema = z.object({
  /** Whose administrator; empty: the server's. */
  hub: z.string(),
  clientAddress: z.string(),
  expiresMs: z.number().int(),
  /** What tells the password that was proven from any other. */
  passwordTag: z.string(),
});

/** An administrator who comes by way of a member, as the member's own sealed text (ADR 0034). */
export type AdminSession = Readonly<z.infer<typeof sessionSchema>>;

/** For this member and no other. */
export function sealSession(sealer: Sealer, memberId: MemberId, session: AdminSession): string {
  const text = Buffer.from(JSON.stringify(session));
  return sealer.seal(text, sealContext.adminSession(memberId)).toString('base64url');
}

/** Undefined: not ours, not this member's, or over. */
export function openSession(
  sealer: Sealer,
  memberId: MemberId,
  sealed: string,
  nowMs: number,
): AdminSession | undefined {
  const context = sealContext.adminSession(memberId);
  const text = sealer.open(Buffer.from(sealed, 'base64url'), context);
  if (text === undefined) return undefined;
  const session = sessionSchema.parse(JSON.parse(text.toString()));
  return nowMs < session.expiresMs ? session : undefined;
}

export function passwordTag(hash: Buffer): string {
  return createHash('sha256').update(hash).digest('base64url');
}
