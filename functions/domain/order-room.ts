import type { Order } from '#shared/contract/heartbeat.ts';
import type { Inquiry } from '#shared/contract/inquiry.ts';
import { nameKey } from '#shared/kernel/ids.ts';

/** What a member is to do, or what it is asked. */
export type MemberOrder = Order | Inquiry;

/** Most orders waiting for one member. */
export const ordersMax = 150;
/** Most inquiries of one hub among them. */
export const hubInquiriesMax = 4;
/** The last places are for hubs of which nothing waits yet. */
const keptForFirst = 50;
/** In a list shorter than this there is room for one more, whosever the orders are. */
const shortList = (ordersMax - keptForFirst) / 2;

/** `waits`: that very order does, or one that asks the same, under that id. */
export type Room =
  | { readonly kind: 'free' }
  | { readonly kind: 'waits'; readonly id: string }
  | { readonly kind: 'full' };

/** In a list shorter than this there is room for `order`, whatever is in it. */
export function surelyRoomBelow(order: MemberOrder): number {
  return order.kind === 'inquire' ? hubInquiriesMax : shortList;
}

/**
 * Whether `orders` has room for one more (ADR 0036). A hub may have as many as are free: those who
 * ask on and on leave as much to everybody else as each of them has, and the last places too. Each
 * kind is counted for itself, so that what a hub's administrator asks for keeps nobody from taking
 * that very hub offline or from removing it.
 */
export function roomFor(order: MemberOrder, orders: readonly MemberOrder[]): Room {
  const hub = hubKeyOf(order);
  const ofHub = orders.filter((other) => hubKeyOf(other) === hub);
  const same = ofHub.find((other) => other.id === order.id || asksTheSame(other, order));
  if (same !== undefined) return { kind: 'waits', id: same.id };
  const count = ofHub.filter((other) => other.kind === order.kind).length;
  if (order.kind === 'inquire' && count >= hubInquiriesMax) return { kind: 'full' };
  const free = ordersMax - orders.length;
  const isTaken = count === 0 ? free > 0 : count < free - keptForFirst;
  return { kind: isTaken ? 'free' : 'full' };
}

function hubKeyOf(order: MemberOrder): string {
  return nameKey(order.kind === 'configure' ? order.hub.name : order.hub);
}

function asksTheSame(one: MemberOrder, other: MemberOrder): boolean {
  if (one.kind !== 'inquire' || other.kind !== 'inquire') return false;
  return one.table === other.table && one.forget === other.forget;
}
