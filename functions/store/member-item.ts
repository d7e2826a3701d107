import { createHash } from 'node:crypto';
import * as z from 'zod';
import { orderSchema } from '#shared/contract/heartbeat.ts';
import { inquirySchema } from '#shared/contract/inquiry.ts';
import { memberStates } from '#shared/contract/member.ts';
import { memberId } from '#shared/kernel/ids.ts';
import { drainCauses } from '../domain/drain.ts';
import type { Sent } from '../domain/suspicion.ts';
import type { Item } from './table.ts';

/** A registered member as it is stored. Certificates are DER. */
const memberSchema = z.object({
  memberId: z.string().transform(memberId),
  state: z.enum(memberStates),
  /** Where it joined: see {@link tableTag}. */
  table: z.string().optional(),
  /** Grows with every join and every loss; a message of an older one changes nothing (I3). */
  epoch: z.number().int().nonnegative(),
  /** Number of the last heartbeat stored in this epoch. */
  seq: z.number().int().nonnegative(),
  leaseExpiresMs: z.number().int().nonnegative(),
  joinedMs: z.number().int().nonnegative(),
  /** Since when the lease has been held without a gap; decides takeovers (ADR 0003). */
  heldSinceMs: z.number().int().nonnegative(),
  /** End of the lease of the epoch before, if it was not over when this one began (I1). */
  priorLeaseExpiresMs: z.number().int().nonnegative().optional(),
  address: z.string(),
  ports: z.array(z.number().int()),
  certificate: z.instanceof(Uint8Array),
  weight: z.number().int().positive(),
  capacity: z.number().int().positive(),
  /** Sessions and connections as of the last heartbeat. */
  sessions: z.number().int().nonnegative(),
  connections: z.number().int().nonnegative(),
  hubs: z.number().int().nonnegative(),
  /** Admitted and not yet among `sessions`; forgotten with the second heartbeat after. */
  reserved: z.number().int(),
  /** Those of them that were admitted since the last heartbeat. */
  reservedNew: z.number().int(),
  /** Sessions its dynamic hubs usually have and that are not there, as of the last heartbeat. */
  awaited: z.number().int().nonnegative().optional(),
  /** The same of hubs claimed for it and not among them yet; forgotten like `reserved`. */
  pledged: z.number().int().optional(),
  pledgedNew: z.number().int().optional(),
  /** What may still be admitted before the next heartbeat. */
  headroom: z.number().int(),
  /** Whether clients get through to it: see `domain/suspicion.ts`. */
  unredeemed: z.number().int().nonnegative().optional(),
  suspectedMs: z.number().int().nonnegative().optional(),
  /** Name of the chain of messages that watches it: see `domain/watch-chain.ts`. */
  watch: z.string().optional(),
  /** When it took that name. */
  watchedMs: z.number().int().optional(),
  agentVersion: z.string(),
  /** So many members its machine is to have, as its agent said. */
  processes: z.number().int().positive().optional(),
  /** What it is to do, and what it is asked. */
  orders: z.array(z.union([orderSchema, inquirySchema])),
  /** Set while the control plane drains it: see `domain/drain.ts`. */
  drainDeadlineMs: z.number().int().optional(),
  drainCause: z.enum(drainCauses).optional(),
  /** The action of its machine's group that waits for the end of the drain. */
  lifecycle: z
    .object({ token: z.string(), hookName: z.string(), groupName: z.string() })
    .optional(),
});

export type Member = Readonly<z.infer<typeof memberSchema>> & {
  /** Clients that were sent to it lately and are not seen there yet. */
  readonly sent?: Sent;
};

const tableTagCharacters = 8;

/**
 * A table, in few characters, because each heartbeat writes them. A table that was restored has
 * another name than the one its members joined at: what it says of them is long over, though their
 * epoch may be the same.
 */
export function tableTag(name: string): string {
  return createHash('sha256').update(name).digest('base64url').slice(0, tableTagCharacters);
}

/** Beside what the schema says: one attribute for each slot a client is remembered in. */
const sentPrefix = 'sent:';

export function sentAttribute(slot: string): string {
  return `${sentPrefix}${slot}`;
}

export function memberOf(item: Item): Member {
  const sent = Object.entries(item).flatMap(([name, value]) =>
    name.startsWith(sentPrefix) ? [[name.slice(sentPrefix.length), String(value)] as const] : [],
  );
  const member = memberSchema.parse(item);
  return sent.length === 0 ? member : { ...member, sent: Object.fromEntries(sent) };
}
