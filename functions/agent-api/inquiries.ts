import type { Desired, Order } from '#shared/contract/heartbeat.ts';
import type { Inquiry } from '#shared/contract/inquiry.ts';
import type { Member } from '../store/member-store.ts';

/** What a member is to do, and what it is asked: of that only what somebody still waits for. */
export function askedOf({ orders }: Member, nowMs: number): Pick<Desired, 'orders' | 'inquiries'> {
  const toDo: Order[] = [];
  const inquiries: Inquiry[] = [];
  for (const order of orders) {
    if (order.kind !== 'inquire') toDo.push(order);
    else if (order.untilMs > nowMs) inquiries.push(order);
  }
  return { orders: toDo, ...(inquiries.length > 0 && { inquiries }) };
}
