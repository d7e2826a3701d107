import * as z from 'zod';
import { isProcessNumber, processesMax } from '#shared/kernel/ids.ts';
import { witnessEndpointSchema } from './peers.ts';

export const memberStates = [
  'joining', // registered, its first heartbeat is not in yet: no placement
  'active', // takes placements
  'draining', // takes none and only ends (I7)
  'drained', // empty; may be terminated
  'lost', // its lease ran out; must join anew at a higher epoch
  'terminated', // its machine is gone
] as const;

export type MemberState = (typeof memberStates)[number];

const ip4 = z.ipv4();
const base64 = z.base64();

/**
 * In every request beside what is asked: which of its machine's processes asks. The machine is
 * proven by the credentials; the two make the member's id (ADR 0030).
 */
export const askerSchema = z.object({
  process: z
    .number()
    .refine(isProcessNumber, `a machine's processes are numbered from 0 to ${processesMax - 1}`)
    .default(0),
});

/** `POST /v1/members`: a node says what it is; who it is comes from its credentials. */
export const joinRequestSchema = z.object({
  /** Public IPv4 clients are redirected to. */
  address: ip4,
  /** Public TCP ports, in the order clients should prefer them. */
  ports: z.array(z.number().int().min(1).max(65_535)).min(1).max(16),
  /** Exact DER of the TLS leaf certificate the listener presents (the pin, I9), base64. */
  certificate: base64.max(8_192),
  /** Where peers reach it; without one nobody can witness (ADR 0003). */
  witness: witnessEndpointSchema.optional(),
  /** SoftEther's "standard ratio": 100 is one share, 200 carries twice as much. */
  weight: z.number().int().min(1).max(10_000),
  /** Most sessions this member takes. */
  capacity: z.number().int().min(1).max(100_000),
  agentVersion: z.string().max(100),
  /** So many processes its machine runs, this one included; a member each. */
  processes: z.number().int().min(1).max(processesMax).optional(),
});
export type JoinRequest = z.infer<typeof joinRequestSchema>;

export const joinResponseSchema = z.object({
  memberId: z.string(),
  epoch: z.number().int().positive(),
  timing: z.object({
    heartbeatEveryMs: z.number().int().positive(),
    fenceAfterMs: z.number().int().positive(),
    clockErrorMs: z.number().int().nonnegative(),
    leaseTtlMs: z.number().int().positive(),
  }),
});
export type JoinResponse = z.infer<typeof joinResponseSchema>;
