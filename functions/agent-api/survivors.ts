import { createHash } from 'node:crypto';
import {
  type Desired,
  heartbeatListMax,
  type Observed,
  type Order,
} from '#shared/contract/heartbeat.ts';
import { type HubName, hubName, nameKey } from '#shared/kernel/ids.ts';
import { hubConfigOf } from '../store/hub-store.ts';
import type { Member } from '../store/member-store.ts';
import type { AgentApi } from './agent-api.ts';
import { forEachBounded } from './bounded.ts';

/** What the clocks of a login and a join may differ by: beyond it, one hub too many is read. */
const clockErrorMs = 2_000;
const readsMax = 16;
const idPrefix = 'outlived-';
const idDigits = 24;

/** A hub with sessions that are older than their member's epoch. */
interface Outlived {
  readonly name: HubName;
  /** When the oldest of them was admitted. */
  sinceMs: number;
}

/**
 * Sessions of static hubs outlive their member's epoch (I10), and what was ordered while it was
 * lost was ordered of the others only. So who tells of sessions from before it joined is told what
 * became of their hubs. It is the answer that acknowledges the telling which carries this: neither
 * gets lost without the other. What has no room there follows when it is told again
 * ({@link toldAgain}), and what was done by then does not.
 */
export async function ordersForSurvivors(
  { stores }: AgentApi,
  member: Member,
  { opened, done }: Observed,
): Promise<readonly Order[]> {
  const outlived = outlivedHubs(opened, member.joinedMs + clockErrorMs);
  const isDone = new Set(done);
  const orders: Order[] = [];
  await forEachBounded([...outlived.values()], readsMax, async ({ name, sinceMs }) => {
    const id = orderId(member, name);
    if (isDone.has(id)) return;
    const hub = await stores.hubs.get(name);
    const isSame = hub !== undefined && hub.createdMs <= sinceMs + clockErrorMs;
    orders.push(
      isSame ? { kind: 'configure', id, hub: hubConfigOf(hub) } : { kind: 'remove', id, hub: name },
    );
  });
  return orders;
}

/** An answer with the orders it has room for; of others only those of survivors are not kept. */
export function toldAgain(
  answer: Desired,
  told: readonly Order[],
  postponed: readonly Order[],
): Desired {
  const isKept = (order: Order): boolean => !order.id.startsWith(idPrefix);
  const orders = told.slice(0, heartbeatListMax);
  const others = [...postponed, ...told.slice(heartbeatListMax)];
  return { ...answer, orders, ...(!others.every(isKept) && { late: true }) };
}

function outlivedHubs(opened: Observed['opened'], beforeMs: number): ReadonlyMap<string, Outlived> {
  const hubs = new Map<string, Outlived>();
  for (const { hub, issuedMs = beforeMs } of opened) {
    if (issuedMs >= beforeMs) continue;
    const known = hubs.get(nameKey(hub));
    if (known === undefined) hubs.set(nameKey(hub), { name: hubName(hub), sinceMs: issuedMs });
    else known.sinceMs = Math.min(known.sinceMs, issuedMs);
  }
  return hubs;
}

/** The same for the same hub, told twice in one epoch: it is carried out once. */
function orderId({ epoch }: Member, hub: HubName): string {
  const digest = createHash('sha256').update(nameKey(hub)).digest('hex').slice(0, idDigits);
  return `${idPrefix}${epoch}-${digest}`;
}
