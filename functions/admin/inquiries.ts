import type { Finding, Inquiry } from '#shared/contract/inquiry.ts';
import { errorCode } from '#shared/wire/error-code.ts';
import { isLive } from '../domain/lease.ts';
import type { Member } from '../store/member-store.ts';
import { AdminError } from './admin-error.ts';
import { inParallel } from './bounded-parallel.ts';
import { Fleet } from './fleet.ts';
import type { AdminPorts, HubCall } from './method.ts';
import { order } from './orders.ts';
import { liveSessions } from './session-methods.ts';

/** A heartbeat may be two seconds away, and its answer's findings come with the next. */
const waitMs = 6_000;
const lookEveryMs = 250;

/** What one member found. */
export interface Found {
  readonly member: Member;
  readonly finding: Finding;
}

/**
 * Ask the members that run a hub, and wait for what they find (ADR 0033).
 * @throws {AdminError} 3 when one of them is silent: half a table is no answer.
 */
export async function inquire(
  { ports, hub }: HubCall,
  what: Pick<Inquiry, 'table' | 'forget'>,
): Promise<readonly Found[]> {
  const members = await membersRunning(ports, hub);
  const asked = { ...what, kind: 'inquire', hub: hub.name } as const;
  const untilMs = ports.clock.nowMs() + waitMs;
  const ids = await order(
    ports,
    members.map(({ memberId }) => memberId),
    { ...asked, untilMs },
  );
  const waiting = new Map(members.map((member) => [member, ids.get(member.memberId) ?? '']));
  const found: Found[] = [];
  while (waiting.size > 0) {
    if (ports.clock.nowMs() >= untilMs) throw silent(ports, [...waiting.keys()]);
    await new Promise<void>((resolve) => ports.timers.after(lookEveryMs, resolve));
    await inParallel([...waiting], async ([member, id]) => {
      const finding = await ports.stores.findings.get(member.memberId, id);
      if (finding === undefined) return;
      waiting.delete(member);
      found.push({ member, finding });
    });
  }
  return found;
}

/** Where it has sessions, and where it is placed. */
async function membersRunning(ports: AdminPorts, hub: HubCall['hub']): Promise<readonly Member[]> {
  const fleet = await Fleet.load(ports);
  const members = new Map<string, Member>();
  for await (const { member } of liveSessions(ports, fleet, hub.name)) {
    members.set(member.memberId, member);
  }
  const placement = await ports.stores.placements.get(hub.name);
  const host = placement?.phase === 'live' ? fleet.holder(placement) : undefined;
  if (host !== undefined && isLive(host, ports.clock.nowMs())) members.set(host.memberId, host);
  return [...members.values()];
}

function silent({ log }: AdminPorts, members: readonly Member[]): AdminError {
  log.warn('inquiry.unanswered', { members: members.map(({ memberId }) => memberId) });
  return new AdminError(errorCode.disconnected, 'a member does not answer; repeat');
}
