import type { MemberId } from '#shared/kernel/ids.ts';
import { errorCode } from '#shared/wire/error-code.ts';
import type { MemberOrder } from '../store/member-store.ts';
import { AdminError } from './admin-error.ts';
import { inParallel } from './bounded-parallel.ts';
import type { AdminPorts } from './method.ts';

type WithoutId<Order> = Order extends unknown ? Omit<Order, 'id'> : never;
/** What a member is to do; its id is made here, unless it must be known before. */
export type NewOrder = WithoutId<MemberOrder>;

const idBytes = 16;

/**
 * Put an order before each of these members (ADR 0012). Each call may be repeated: members carry
 * out what they find, and an order twice does what it does once.
 * @throws {AdminError} when too many orders wait for one of them: the caller is to come back.
 */
export async function order(
  ports: AdminPorts,
  members: Iterable<MemberId>,
  wanted: NewOrder,
  named?: string,
): Promise<void> {
  const refused = await inParallel(new Set(members), async (id) => {
    const orderId = named ?? ports.random.bytes(idBytes).toString('hex');
    const taken = await ports.stores.members.order(id, { ...wanted, id: orderId });
    return taken ? [] : [id];
  });
  const full = refused.flat();
  if (full.length === 0) return;
  ports.log.warn('order.refused', { kind: wanted.kind, members: full });
  throw new AdminError(errorCode.tooManyItems, 'too many orders wait for a member; repeat later');
}
