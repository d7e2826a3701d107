import * as z from 'zod';
import { type HubName, type MemberId, memberId } from '#shared/kernel/ids.ts';
import { attributesOf } from './attributes.ts';
import { keyOf } from './keys.ts';
import { all, type Item, is, itemAbsent, oneOf, type Table } from './table.ts';

/**
 * Where a dynamic hub runs. It is live only while its member holds this very epoch and a lease. It
 * outlives the hub: one created anew under the same name goes on from its epoch (I3).
 */
const placementSchema = z.object({
  memberId: z.string().transform(memberId),
  memberEpoch: z.number().int().positive(),
  /** Grows with every claim and release (I3). */
  epoch: z.number().int().positive(),
  phase: z.enum([
    'live',
    'releasing', // its member closes it; no admission until it said so
    'released', // closed: anyone may claim
  ]),
  claimedMs: z.number().int(),
  /** Sessions the hub usually has, as its members told; survives claims and releases. */
  usual: z.number().int().nonnegative().optional(),
});

export type Placement = Readonly<z.infer<typeof placementSchema>>;

export type Claim =
  | { readonly kind: 'claimed'; readonly placement: Placement }
  /** Another claim won; this is what it wrote. */
  | { readonly kind: 'refused'; readonly current: Placement | undefined };

export class PlacementStore {
  readonly #table: Table;

  constructor(table: Table) {
    this.#table = table;
  }

  async get(hub: HubName): Promise<Placement | undefined> {
    const item = await this.#table.get(keyOf.placement(hub));
    return item && placementOf(item);
  }

  /**
   * Claim a hub for a member at the next epoch. Conditional on the placement that was decided upon,
   * so of several first clients exactly one claims (I1). Our own retried success counts as claimed,
   * and so does another's claim for the same member and epoch: it is just as good.
   */
  async claim(
    hub: HubName,
    seen: Placement | undefined,
    member: { readonly memberId: MemberId; readonly epoch: number },
    nowMs: number,
  ): Promise<Claim> {
    const wanted: Placement = {
      memberId: member.memberId,
      memberEpoch: member.epoch,
      epoch: (seen?.epoch ?? 0) + 1,
      phase: 'live',
      claimedMs: nowMs,
      usual: seen?.usual,
    };
    const outcome = await this.#table.put(
      keyOf.placement(hub),
      attributesOf(wanted),
      seen === undefined ? itemAbsent : all(is('epoch', seen.epoch), is('phase', seen.phase)),
    );
    if (outcome.kind === 'written') return { kind: 'claimed', placement: wanted };
    const current = outcome.current && placementOf(outcome.current);
    const ours =
      current?.epoch === wanted.epoch &&
      current.memberId === wanted.memberId &&
      current.memberEpoch === wanted.memberEpoch &&
      current.phase === 'live';
    return ours ? { kind: 'claimed', placement: current } : { kind: 'refused', current };
  }

  /** First step of moving a hub: its member is to close it, admission waits. */
  async beginRelease(hub: HubName, epoch: number): Promise<boolean> {
    const outcome = await this.#table.update(
      keyOf.placement(hub),
      { set: { phase: 'releasing' } },
      all(is('epoch', epoch), is('phase', 'live')),
    );
    return outcome.kind === 'written';
  }

  /**
   * Second step, or the only one where the member itself decided to close: it says that the
   * instance of this epoch is closed for good. Idempotent: the epoch has moved on when told twice.
   */
  async release(hub: HubName, member: MemberId, epoch: number, usual?: number): Promise<boolean> {
    const outcome = await this.#table.update(
      keyOf.placement(hub),
      { set: { phase: 'released', ...(usual !== undefined && { usual }) }, add: { epoch: 1 } },
      all(is('epoch', epoch), is('memberId', member), oneOf('phase', ['live', 'releasing'])),
    );
    return outcome.kind === 'written';
  }

  /** Its member has seen the hub grow or shrink for good. Told late or twice, it does no harm. */
  async noteUsual(hub: HubName, member: MemberId, epoch: number, usual: number): Promise<void> {
    await this.#table.update(
      keyOf.placement(hub),
      { set: { usual } },
      all(is('epoch', epoch), is('memberId', member), oneOf('phase', ['live', 'releasing'])),
    );
  }
}

function placementOf(item: Item): Placement {
  return placementSchema.parse(item);
}
