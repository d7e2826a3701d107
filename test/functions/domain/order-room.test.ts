import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  hubInquiriesMax,
  type MemberOrder,
  ordersMax,
  roomFor,
  surelyRoomBelow,
} from '#functions/domain/order-room.ts';

let ids = 0;
const disconnect = (hub: string): MemberOrder => {
  ids += 1;
  return { kind: 'disconnect', id: `order-${ids}`, hub, session: 'S1' };
};
const inquire = (hub: string, forget?: number): MemberOrder => {
  ids += 1;
  const more = forget === undefined ? {} : { forget };
  return { kind: 'inquire', id: `order-${ids}`, hub, table: 'mac', untilMs: 1, ...more };
};

/** What waits when each of these hubs was given all it gets, in turns. */
function filledBy(hubs: readonly string[], orders: MemberOrder[] = []): MemberOrder[] {
  const before = orders.length;
  for (const hub of hubs) {
    const order = disconnect(hub);
    if (roomFor(order, orders).kind === 'free') orders.push(order);
  }
  return orders.length === before ? orders : filledBy(hubs, orders);
}

const named = (count: number): string[] => Array.from({ length: count }, (_, at) => `hub ${at}`);

for (const [greedy, left] of [
  [1, 100],
  [4, 70],
  [20, 54],
  [50, 50],
] as const) {
  test(`${greedy} hubs ask on and on: at least ${left} places are free for others`, () => {
    const orders = filledBy(named(greedy));
    assert(ordersMax - orders.length >= left, `${ordersMax - orders.length} are free`);
    assert.equal(roomFor(disconnect('another'), orders).kind, 'free');
  });
}

test('fifty hubs fill the list one after the other: one more has its order taken', () => {
  const orders: MemberOrder[] = [];
  for (const hub of named(50)) filledBy([hub], orders);
  assert(orders.length < ordersMax, `${orders.length} wait`);
  assert.equal(roomFor(disconnect('another'), orders).kind, 'free');
});

test('an order that was written, and of which nobody was told so, is not written again', () => {
  const order = disconnect('office');
  assert.deepEqual(roomFor(order, [order]), { kind: 'waits', id: order.id });
});

test('a full list takes nothing, whoever asks', () => {
  const orders = named(ordersMax).map(disconnect);
  assert.equal(roomFor(disconnect('another'), orders).kind, 'full');
});

test('a hub is one hub however its name is written', () => {
  const orders = filledBy(['office']);
  assert.equal(roomFor(disconnect('OFFICE'), orders).kind, 'full');
});

test('who asks the same as somebody before waits with them; of others a hub has few', () => {
  const asked = inquire('office');
  const orders = [asked];
  assert.deepEqual(roomFor(inquire('OFFICE'), orders), { kind: 'waits', id: asked.id });
  assert.equal(roomFor(inquire('other'), orders).kind, 'free');
  for (let key = 1; key < hubInquiriesMax; key += 1) {
    const order = inquire('office', key);
    assert.equal(roomFor(order, orders).kind, 'free');
    orders.push(order);
  }
  assert.equal(roomFor(inquire('office', 99), orders).kind, 'full');
  assert.deepEqual(roomFor(inquire('office'), orders), { kind: 'waits', id: asked.id });
  assert.equal(roomFor(disconnect('office'), orders).kind, 'free');
});

for (const [kind, order] of [
  ['order', disconnect],
  ['inquiry', inquire],
] as const) {
  test(`an ${kind} that is taken unseen would be taken by whoever looks`, () => {
    const orders: MemberOrder[] = [];
    while (orders.length + 1 < surelyRoomBelow(order('office'))) {
      orders.push(kind === 'inquiry' ? inquire('office', orders.length) : order('office'));
    }
    assert.equal(roomFor(order('office'), orders).kind, 'free');
  });
}
