import * as z from 'zod';
import { type Grant, grantSchema } from '#shared/contract/ticket.ts';
import { type MemberId, memberId } from '#shared/kernel/ids.ts';
import { attributesOf } from './attributes.ts';
import { keyOf } from './keys.ts';
import { policyAttributes } from './policy-attributes.ts';
import { above, all, is, itemAbsent, type Table, type Value } from './table.ts';

const ticketSchema = z.object({
  memberId: z.string().transform(memberId),
  memberEpoch: z.number().int().positive(),
  expiresMs: z.number().int().positive(),
  grant: grantSchema,
});

export type TicketRecord = Readonly<z.infer<typeof ticketSchema>>;

/** Expired tickets are swept by the table's TTL some time after this, seconds. Never a timer. */
const sweepAfterSeconds = 3_600;

/** Tickets are stored as digests with the grant they admit to; redeemed by deletion (ADR 0002). */
export class TicketStore {
  readonly #table: Table;

  constructor(table: Table) {
    this.#table = table;
  }

  async put(digest: string, ticket: TicketRecord): Promise<void> {
    await this.#table.put(
      keyOf.ticket(digest),
      {
        memberId: ticket.memberId,
        memberEpoch: ticket.memberEpoch,
        expiresMs: ticket.expiresMs,
        grant: stored(ticket.grant),
        ttl: Math.floor(ticket.expiresMs / 1_000) + sweepAfterSeconds,
      },
      itemAbsent,
    );
  }

  /**
   * Redeem a ticket once (I4). Unknown, used, expired, another member's or another epoch's: the
   * same answer, undefined. Of the hub it tells name and kind; what it is now is for whoever asks.
   */
  async redeem(
    digest: string,
    member: { readonly memberId: MemberId; readonly epoch: number },
    nowMs: number,
  ): Promise<Grant | undefined> {
    const outcome = await this.#table.delete(
      keyOf.ticket(digest),
      all(
        is('memberId', member.memberId),
        is('memberEpoch', member.epoch),
        above('expiresMs', nowMs),
      ),
    );
    return outcome.kind === 'written' ? ticketSchema.parse(outcome.item).grant : undefined;
  }
}

/** As little as will do: of the hub, the rest is read again when the ticket is redeemed. */
function stored({ policy, hub, ...grant }: Grant): Value {
  const { name, kind, version, online } = hub;
  const kept = { name, kind, version, online };
  return attributesOf({ ...grant, hub: kept, policy: policyAttributes(policy) });
}
