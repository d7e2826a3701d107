import type { Desired, Order } from '#shared/contract/heartbeat.ts';
import type { HubConfig } from '#shared/contract/hub.ts';
import { hubName, nameKey } from '#shared/kernel/ids.ts';
import { fullConfigOf } from '../store/hub-rules.ts';
import type { AgentApi, Answer } from './agent-api.ts';
import { forEachBounded } from './bounded.ts';
import { toldAgain } from './survivors.ts';

/** Configurations in one answer, JSON; the rest waits for the next. One is told however long. */
const configBytesMax = 2 * 1024 * 1024;
const readsMax = 16;

/**
 * An order to configure a hub says only which hub is meant; what that is, is told as it is now,
 * each time: an access list of some thousand rules has no place on the member's item, which each
 * heartbeat writes. Of several orders for one hub only the last is told, and stands for them all
 * (`ordersLeft`).
 */
export async function withHubConfigs(
  api: AgentApi,
  answer: Answer<Desired>,
): Promise<Answer<Desired>> {
  if (answer.kind === 'problem') return answer;
  const { orders: waiting } = answer.value;
  const last = new Map(
    waiting.flatMap((order) =>
      order.kind === 'configure' ? [[nameKey(order.hub.name), order.id] as const] : [],
    ),
  );
  const told = waiting.filter(
    (order) => order.kind !== 'configure' || last.get(nameKey(order.hub.name)) === order.id,
  );
  const complete = await completed(api, told);
  const orders: Order[] = [];
  let bytes = 0;
  const postponed: Order[] = [];
  for (const order of complete) {
    if (order.kind !== 'configure') {
      orders.push(order);
    } else if (bytes > configBytesMax) {
      postponed.push(order);
    } else {
      bytes += Buffer.byteLength(JSON.stringify(order.hub));
      orders.push(order);
    }
  }
  if (postponed.length > 0) {
    api.log.warn('configurations.postponed', { bytes, postponed: postponed.length });
  }
  return { kind: 'ok', value: toldAgain(answer.value, orders, postponed) };
}

/** The same orders, each with what its hub is now. */
async function completed(api: AgentApi, told: readonly Order[]): Promise<readonly Order[]> {
  const orders = [...told];
  await forEachBounded([...told.entries()], readsMax, async ([index, order]) => {
    if (order.kind !== 'configure') return;
    const hub = await configOf(api, order.hub.name);
    // Deleted meanwhile: that is an order of its own, and removing twice does no harm.
    orders[index] =
      hub === undefined ? { kind: 'remove', id: order.id, hub: order.hub.name } : { ...order, hub };
  });
  return orders;
}

async function configOf({ stores }: AgentApi, name: string): Promise<HubConfig | undefined> {
  const hub = await stores.hubs.get(hubName(name));
  return hub && fullConfigOf(stores, hub);
}
