import { createHash } from 'node:crypto';
import { heartbeatListMax, type Observed, type Order } from '#shared/contract/heartbeat.ts';
import { type HubName, hubName, nameKey } from '#shared/kernel/ids.ts';
import { hubConfigOf } from '../store/hub-store.ts';
import type { Member } from '../store/member-store.ts';
import type { AgentApi } from './agent-api.ts';
import { forEachBounded } from './bounded.ts';

/** What the clocks of a login and a join may differ by: beyond it, one hub too many is read. */
const clockErrorMs = 2_000;
const readsMax = 16;
/** All of them leave room in an answer for what else it carries (`answerBytesMax` of agents). */
const ordersBytesMax = 2 * 1024 * 1024;
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
 * gets lost without the other.
 */
export async function ordersForSurvivors(
  { log, stores }: AgentApi,
  member: Member,
  { opened }: Observed,
): Promise<readonly Order[]> {
  const outlived = outlivedHubs(opened, member.joinedMs + clockErrorMs);
  const orders: Order[] = [];
  await forEachBounded([...outlived.values()], readsMax, async ({ name, sinceMs }) => {
    const hub = await stores.hubs.get(name);
    const id = orderId(member, name);
    const isSame = hub !== undefined && hub.createdMs <= sinceMs + clockErrorMs;
    orders.push(
      isSame ? { kind: 'configure', id, hub: hubConfigOf(hub) } : { kind: 'remove', id, hub: name },
    );
  });
  const told = withinBounds(orders, heartbeatListMax - member.orders.length);
  if (told.length < orders.length) {
    const facts = { member: member.memberId, hubs: orders.length, told: told.length };
    log.error('survivors.not-told', facts);
  }
  return told;
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
  return `outlived-${epoch}-${digest}`;
}

function withinBounds(orders: readonly Order[], countMax: number): readonly Order[] {
  let bytes = 0;
  const end = orders.findIndex((order) => {
    bytes += Buffer.byteLength(JSON.stringify(order));
    return bytes > ordersBytesMax;
  });
  return orders.slice(0, Math.min(countMax, end === -1 ? orders.length : end));
}
