import type { MemberId } from '#shared/kernel/ids.ts';
import { isAlive } from '../domain/lease.ts';
import { type MemberOrder, roomFor, surelyRoomBelow } from '../domain/order-room.ts';
import { keyOf } from './keys.ts';
import { aliveStates } from './member-endings.ts';
import { type Member, memberOf } from './member-item.ts';
import { all, type Condition, is, oneOf, sizeBelow, type Table, type Value } from './table.ts';

/** Others put orders before the member at the same time this often. */
const attemptsMax = 8;

/** `waits`: under that id, which is another's where the same was asked already. */
export type Ordered = { readonly kind: 'waits'; readonly id: string } | { readonly kind: 'full' };

/** The orders that wait on a member's item (ADR 0012). */
export class MemberOrders {
  readonly #table: Table;

  constructor(table: Table) {
    this.#table = table;
  }

  /**
   * Ask something of a member; repeated in each answer until done (ADR 0036). It is read first, for
   * a write costs by the item's size even where it is refused: who asks on and on must not use up
   * what the member's heartbeats need. Of whoever is not alive nothing is asked.
   */
  async put(id: MemberId, order: MemberOrder): Promise<Ordered> {
    const key = keyOf.member(id);
    let item = await this.#table.get(key);
    for (let attempt = 0; attempt < attemptsMax; attempt += 1) {
      const member = item && memberOf(item);
      if (member === undefined || !isAlive(member)) return { kind: 'waits', id: order.id };
      const room = roomFor(order, member.orders);
      if (room.kind !== 'free') return room;
      const outcome = await this.#table.update(
        key,
        { append: { orders: [order as unknown as Value] } },
        all(oneOf('state', aliveStates), stillRoom(order, member)),
      );
      if (outcome.kind === 'written') return { kind: 'waits', id: order.id };
      item = outcome.current;
    }
    return { kind: 'full' };
  }
}

/** Few orders wait, whosever; or those that were read, for within a seq they are only appended. */
function stillRoom(order: MemberOrder, { epoch, seq, orders }: Member): Condition {
  const few = surelyRoomBelow(order);
  if (orders.length < few) return sizeBelow('orders', few);
  return all(is('epoch', epoch), is('seq', seq), sizeBelow('orders', orders.length + 1));
}
