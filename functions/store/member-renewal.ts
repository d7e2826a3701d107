import type { Observed, SessionReport } from '#shared/contract/heartbeat.ts';
import { hubName, nameKey } from '#shared/kernel/ids.ts';
import { isSteady } from '../domain/lease.ts';
import type { MemberOrder } from '../domain/order-room.ts';
import { remainingAfter } from '../domain/reservation.ts';
import { clientTag } from '../domain/seat.ts';
import { arrivedSlots, trialAfter } from '../domain/suspicion.ts';
import { type Member, sentAttribute } from './member-item.ts';
import type { Attributes, Change, Value } from './table.ts';

/** What one new heartbeat changes, relative to `member` as read. */
export function renewalChange(
  member: Member,
  observed: Observed,
  leaseExpiresMs: number,
  nowMs: number,
): Change {
  const draining = member.state === 'draining' || observed.state === 'draining';
  const done = new Set(observed.done);
  const { reserved, pledged, headroom } = remainingAfter(member, observed);
  const { awaited = 0 } = observed;
  const { sent } = member;
  const arrived = sent === undefined ? [] : arrivedSlots(sent, observed.opened.map(clientOf));
  return {
    ...(arrived.length > 0 && { remove: arrived.map(sentAttribute) }),
    set: {
      ...leaseAfter(member, leaseExpiresMs, nowMs),
      state: draining ? 'draining' : 'active',
      seq: observed.seq,
      sessions: observed.sessions,
      connections: observed.connections,
      hubs: observed.hubs,
      ...(awaited !== (member.awaited ?? 0) && { awaited }),
      ...trialAfter(member, observed, reserved, nowMs),
      ...(endsOrders(member, observed, nowMs) && {
        orders: ordersLeft(member.orders, done, nowMs) as unknown as Value,
      }),
    },
    // Differences, not values: reservations made since the read stay counted.
    add: {
      reserved: reserved - member.reserved,
      reservedNew: -member.reservedNew,
      headroom: headroom - member.headroom,
      ...(member.pledged !== undefined && {
        pledged: pledged - member.pledged,
        pledgedNew: -(member.pledgedNew ?? 0),
      }),
    },
  };
}

/** Whether a heartbeat shortens the list of orders. */
export function endsOrders(member: Member, { done }: Observed, nowMs: number): boolean {
  return done.length > 0 || member.orders.some((order) => isPast(order, nowMs));
}

/** Nobody waits for it any more. */
function isPast(order: MemberOrder, nowMs: number): boolean {
  return order.kind === 'inquire' && order.untilMs <= nowMs;
}

/** The renewed lease; after a gap it counts as steady from now on. Never shortened. */
export function leaseAfter(member: Member, leaseExpiresMs: number, nowMs: number): Attributes {
  return {
    leaseExpiresMs: Math.max(leaseExpiresMs, member.leaseExpiresMs),
    ...(!isSteady(member.leaseExpiresMs, nowMs) && { heldSinceMs: nowMs }),
  };
}

function clientOf({ hub, user, uniqueId }: SessionReport): string {
  return clientTag(hubName(hub), user, Buffer.from(uniqueId, 'hex'));
}

/**
 * What is left to do. A hub is configured as it is, not as it was when that was ordered: whoever
 * carried out one such order has carried out those that were given before it.
 */
function ordersLeft(
  orders: readonly MemberOrder[],
  done: ReadonlySet<string>,
  nowMs: number,
): MemberOrder[] {
  const configured = new Set<string>();
  return orders
    .toReversed()
    .filter((order) => {
      const hub = order.kind === 'configure' ? nameKey(order.hub.name) : undefined;
      const isDone = done.has(order.id) || (hub !== undefined && configured.has(hub));
      if (isDone && hub !== undefined) configured.add(hub);
      return !isDone && !isPast(order, nowMs);
    })
    .reverse();
}
