import type { MemberId } from '#shared/kernel/ids.ts';
import { errorCode } from '#shared/wire/error-code.ts';
import type { MemberOrder } from '../domain/order-room.ts';
import { AdminError } from './admin-error.ts';
import { inParallel } from './bounded-parallel.ts';
import type { AdminPorts } from './method.ts';

type WithoutId<Order> = Order extends unknown ? Omit<Order, 'id'> : never;
/** What a member is to do; its id is made here. */
export type NewOrder = WithoutId<MemberOrder>;

const idBytes = 16;

/**
 * Put an order before each of these members (ADR 0012). Each call may be repeated: members carry
 * out what they find, and an order twice does what it does once. The ids under which it waits.
 * @throws {AdminError} when too many orders wait for one of them: the caller is to come back.
 */
export async function order(
  ports: AdminPorts,
  members: Iterable<MemberId>,
  wanted: NewOrder,
): Promise<ReadonlyMap<MemberId, string>> {
  const ids = new Map<MemberId, string>();
  const full: MemberId[] = [];
  await inParallel(new Set(members), async (member) => {
    const id = ports.random.bytes(idBytes).toString('hex');
    const ordered = await ports.stores.members.order(member, { ...wanted, id });
    if (ordered.kind === 'waits') ids.set(member, ordered.id);
    else full.push(member);
  });
  if (full.length === 0) return ids;
  const hub = wanted.kind === 'configure' ? wanted.hub.name : wanted.hub;
  ports.log.warn('order.refused', { kind: wanted.kind, hub, members: full });
  const reason = 'too many orders of the hub wait for a member; repeat in a few seconds';
  throw new AdminError(errorCode.tooManyItems, reason);
}
