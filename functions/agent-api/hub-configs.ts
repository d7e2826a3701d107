import type { Desired, Order } from '#shared/contract/heartbeat.ts';
import type { HubConfig } from '#shared/contract/hub.ts';
import { hubName, nameKey } from '#shared/kernel/ids.ts';
import { fullConfigOf } from '../store/hub-rules.ts';
import type { AgentApi, Answer } from './agent-api.ts';

/** Configurations in one answer, JSON; the rest waits for the next. One is told however long. */
const configBytesMax = 2 * 1024 * 1024;

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
  if (last.size === 0) return answer;
  const orders: Order[] = [];
  let bytes = 0;
  for (const order of waiting) {
    if (order.kind !== 'configure') {
      orders.push(order);
      continue;
    }
    const isLast = last.get(nameKey(order.hub.name)) === order.id;
    if (!isLast || bytes > configBytesMax) continue;
    const hub = await configOf(api, order.hub.name);
    bytes += JSON.stringify(hub ?? '').length;
    // Deleted meanwhile: that is an order of its own, and removing twice does no harm.
    orders.push(
      hub === undefined ? { kind: 'remove', id: order.id, hub: order.hub.name } : { ...order, hub },
    );
  }
  return { kind: 'ok', value: { ...answer.value, orders } };
}

async function configOf({ stores }: AgentApi, name: string): Promise<HubConfig | undefined> {
  const hub = await stores.hubs.get(hubName(name));
  return hub && fullConfigOf(stores, hub);
}
