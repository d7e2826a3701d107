import * as z from 'zod';
import { hubConfigSchema, hubNameSchema } from './hub.ts';
import { findingSchema, findingsMax, inquirySchema } from './inquiry.ts';
import { memberStates } from './member.ts';
import { peersSchema } from './peers.ts';
import { explanationSchema, seatRefsSchema } from './ticket.ts';

/** Most entries of each list in one heartbeat; what is over waits for the next one. */
export const heartbeatListMax = 500;

/** A session as its member tells it once, when it opened. */
export const sessionReportSchema = z.object({
  hub: hubNameSchema,
  name: z.string().min(1).max(255),
  user: z.string().max(255),
  clientAddress: z.string().max(64),
  clientHostname: z.string().max(255),
  clientName: z.string().max(255),
  /** Hex of the client's installation id (`UniqueId`), empty if it sent none. */
  uniqueId: z.string().max(64),
  maxConnections: z.number().int().min(1).max(32),
  bridge: z.boolean(),
  monitor: z.boolean(),
  openedMs: z.number().int().nonnegative(),
  /** As the grant said. */
  issuedMs: z.number().int().nonnegative().optional(),
  /** As the grant said. */
  seats: seatRefsSchema.optional(),
  explanation: explanationSchema.optional(),
});
export type SessionReport = z.infer<typeof sessionReportSchema>;

export const sessionRefSchema = z.object({
  hub: hubNameSchema,
  name: z.string().min(1).max(255),
});
export type SessionRef = z.infer<typeof sessionRefSchema>;

/** A dynamic hub at one placement epoch. */
const hubRefSchema = z.object({ name: hubNameSchema, epoch: z.number().int().positive() });
/** Sessions a hub usually has: the most there were lately. */
const usualSchema = z.number().int().nonnegative();

/**
 * `POST /v1/heartbeats`: what the member observes. Lists of changes are repeated until a heartbeat
 * that carried them was answered, so each may arrive twice and none is lost.
 */
export const observedSchema = z.object({
  epoch: z.number().int().positive(),
  /** Grows by one with each new heartbeat of an epoch; a retry keeps its number. */
  seq: z.number().int().positive(),
  /** `draining` once the node was told to stop (SIGTERM, Spot notice): never back. */
  state: z.enum(['active', 'draining']),
  sessions: z.number().int().nonnegative(),
  /** Sessions its dynamic hubs usually have and that are not there: they may come any time. */
  awaited: z.number().int().nonnegative().optional(),
  connections: z.number().int().nonnegative(),
  /** Number of hub instances running. */
  hubs: z.number().int().nonnegative(),
  opened: z.array(sessionReportSchema).max(heartbeatListMax),
  closed: z.array(sessionRefSchema).max(heartbeatListMax),
  /** Dynamic hub instances that are closed for good on this member, with their placement epoch. */
  released: z.array(hubRefSchema.extend({ usual: usualSchema.optional() })).max(heartbeatListMax),
  /** Running dynamic hubs that have clearly more or fewer sessions than was told of them. */
  usual: z
    .array(hubRefSchema.extend({ usual: usualSchema }))
    .max(heartbeatListMax)
    .optional(),
  /** Orders carried out; see {@link desiredSchema}. */
  done: z.array(z.string().max(64)).max(heartbeatListMax),
  /** What it found of what was inquired. */
  found: z.array(findingSchema).max(findingsMax).optional(),
  /** Version of the list of peers it has. */
  peers: z.string().max(64).optional(),
});
export type Observed = z.infer<typeof observedSchema>;

/** One thing the control plane wants done; repeated in every answer until it is in `done`. */
export const orderSchema = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('disconnect'),
    id: z.string().max(64),
    hub: hubNameSchema,
    session: z.string(),
  }),
  z.object({ kind: z.literal('configure'), id: z.string().max(64), hub: hubConfigSchema }),
  z.object({ kind: z.literal('remove'), id: z.string().max(64), hub: hubNameSchema }),
]);
export type Order = z.infer<typeof orderSchema>;

/** The answer: what the control plane desires. Level-triggered; a lost answer costs one period. */
export const desiredSchema = z.object({
  state: z.enum(memberStates),
  orders: z.array(orderSchema).max(heartbeatListMax),
  /**
   * Tell the lists of this one again: a later heartbeat was faster and they were left to it, or
   * this answer had no room for all that follows from them.
   */
  late: z.boolean().optional(),
  /** Like orders; beside them, so that a member that does not know them passes over them. */
  inquiries: z.array(inquirySchema).max(heartbeatListMax).optional(),
  /** The list of peers, if it is not the one the member has. */
  peers: peersSchema.optional(),
  /** What administrators who come to this member are to prove their passwords with (ADR 0034). */
  adminChallenge: z.string().max(128).optional(),
});
export type Desired = z.infer<typeof desiredSchema>;
