import { keyOf } from './keys.ts';
import { type Member, memberOf } from './member-item.ts';
import { all, attributeAbsent, is, type Table } from './table.ts';

export type Pledge =
  | { readonly kind: 'pledged' }
  | { readonly kind: 'refused'; readonly current: Member | undefined };

/**
 * Count `expected` sessions against a member as it was read, for a hub about to be claimed for it;
 * refused if anything was pledged to it, or a heartbeat came in, since. It takes no place, and is
 * forgotten within two heartbeats if no such hub shows up.
 */
export async function pledge(table: Table, member: Member, expected: number): Promise<Pledge> {
  const { memberId, epoch, seq, pledged } = member;
  const outcome = await table.update(
    keyOf.member(memberId),
    { add: { pledged: expected, pledgedNew: expected } },
    all(
      is('epoch', epoch),
      is('seq', seq),
      is('state', 'active'),
      pledged === undefined ? attributeAbsent('pledged') : is('pledged', pledged),
    ),
  );
  if (outcome.kind === 'written') return { kind: 'pledged' };
  return { kind: 'refused', current: outcome.current && memberOf(outcome.current) };
}
