import type { Desired, Observed, SessionRef, SessionReport } from '#shared/contract/heartbeat.ts';
import { timing } from '#shared/contract/timing.ts';
import { hubName, type MemberId } from '#shared/kernel/ids.ts';
import { issueChallenge } from '../domain/challenge.ts';
import { clientTag } from '../domain/seat.ts';
import { countsAsLogin } from '../domain/sweep.ts';
import type { Member } from '../store/member-store.ts';
import { type AgentApi, type Answer, ok, problem } from './agent-api.ts';
import { forEachBounded } from './bounded.ts';
import { askedOf } from './inquiries.ts';
import { peersFor } from './peers.ts';
import { ordersForSurvivors } from './survivors.ts';

/** Writes under way at once for one heartbeat's lists. */
const writesMax = 16;

/**
 * Observed state in, desired state out (journey 2). One write renews the lease; the lists cost a
 * write per change and are idempotent each, because a heartbeat may come twice (I12). The lists are
 * answered for only when they are written: a failure fails the heartbeat, and the node repeats it.
 */
export async function heartbeat(
  api: AgentApi,
  memberId: MemberId,
  observed: Observed,
): Promise<Answer<Desired>> {
  const nowMs = api.clock.nowMs();
  const leaseExpiresMs = nowMs + timing.leaseTtlMs;
  const renewal = await api.stores.members.renew(memberId, observed, leaseExpiresMs, nowMs);
  switch (renewal.kind) {
    case 'not-joined':
      return problem('not-joined', `${memberId} has not joined`);
    case 'stale-epoch':
      return problem('stale-epoch', `epoch ${observed.epoch} of ${memberId} is over`);
    case 'late': // a later heartbeat has told the lists again, and may have told of their end
      return ok({ ...(await desiredOf(api, renewal.member, observed)), late: true });
    case 'renewed':
    case 'drained': {
      // perhaps the answer was lost, or the invocation that marked it
      await writeLists(api, renewal.member, observed);
      const member = await finishDrain(api, renewal.member, observed);
      const desired = await desiredOf(api, member, observed);
      // First: what is left out of an answer that grows too long must wait on the member's item.
      const first = await ordersForSurvivors(api, member, observed);
      return ok({ ...desired, orders: [...first, ...desired.orders] });
    }
  }
}

async function writeLists(api: AgentApi, member: Member, observed: Observed): Promise<void> {
  const { log, stores } = api;
  const { memberId } = member;
  const ended = new Set(observed.closed.map((ref) => sessionKey(ref.hub, ref.name)));
  const opened = observed.opened.filter(
    (report) => !ended.has(sessionKey(report.hub, report.name)),
  );
  await forEachBounded(opened, writesMax, (report) => writeOpened(api, member, report));
  await forEachBounded(observed.closed, writesMax, (ref) => writeClosed(api, memberId, ref));
  await forEachBounded(observed.usual ?? [], writesMax, ({ name, epoch, usual }) =>
    stores.placements.noteUsual(hubName(name), memberId, epoch, usual),
  );
  await forEachBounded(observed.found ?? [], writesMax, (finding) =>
    stores.findings.put(memberId, finding, api.clock.nowMs()),
  );
  await forEachBounded(observed.released, writesMax, async ({ name, epoch, usual }) => {
    const released = await stores.placements.release(hubName(name), memberId, epoch, usual);
    if (released) log.info('placement.released', { hub: name, member: memberId, epoch });
  });
}

async function writeOpened(api: AgentApi, member: Member, report: SessionReport): Promise<void> {
  const { clock, stores } = api;
  const { memberId, epoch } = member;
  const opening = await stores.sessions.open(memberId, epoch, report, clock.nowMs());
  if (opening === 'ended') return; // a later heartbeat was faster
  const first = opening === 'first';
  if (first && countsAsLogin(report.issuedMs, clock.nowMs())) {
    const { name, explanation, user, issuedMs = report.openedMs } = report;
    await stores.users.countLogin(hubName(report.hub), user, issuedMs, {
      name,
      memberId,
      explanation,
    });
  }
  await restoreSeats(api, report, first);
}

/**
 * A session that is told late, or told again at another epoch, may have been taken for dead: then
 * its seats are taken again. In time its seats are where they were, and nothing is looked at.
 */
async function restoreSeats(
  { clock, stores }: AgentApi,
  report: SessionReport,
  first: boolean,
): Promise<void> {
  const hub = hubName(report.hub);
  const client = clientTag(hub, report.user, Buffer.from(report.uniqueId, 'hex'));
  for (const { scope, shard, heldUntilMs } of report.seats ?? []) {
    if (first && heldUntilMs > clock.nowMs()) continue;
    const place = { hub, scope, user: report.user, shard };
    await stores.seats.restore(place, { session: report.name, client, heldUntilMs });
  }
}

/** The seats of a session whose end is told are free at once. */
async function writeClosed(
  { clock, stores }: AgentApi,
  id: MemberId,
  ref: SessionRef,
): Promise<void> {
  const hub = hubName(ref.hub);
  const session = await stores.sessions.close(id, hub, ref.name, clock.nowMs());
  for (const seat of session?.seats ?? []) {
    await stores.seats.release(hub, session?.user ?? '', ref.name, seat);
  }
}

/**
 * A draining member without sessions and hubs is done; its hubs are released by then. Only if the
 * node knew that it drains when it said so: before, it may have redeemed a ticket since.
 */
async function finishDrain(
  { log, stores }: AgentApi,
  member: Member,
  observed: Observed,
): Promise<Member> {
  if (observed.state !== 'draining') return member;
  if (member.state !== 'draining' || member.sessions > 0 || member.hubs > 0) return member;
  const drained = await stores.members.markDrained(member.memberId, member.epoch);
  if (!drained) return member;
  log.info('member.drained', { member: member.memberId, epoch: member.epoch });
  return { ...member, state: 'drained' };
}

/**
 * The list of peers is read after the lease was renewed: whoever is missing from it joined later,
 * or a moment before ({@link rosterFreshMs}).
 */
async function desiredOf(api: AgentApi, member: Member, observed: Observed): Promise<Desired> {
  const { memberId, state } = member;
  const peers = await peersFor(api, memberId, observed.peers);
  const key = await api.adminChallengeKey();
  const { token } = issueChallenge(key, memberId, api.clock.nowMs(), api.random);
  const asked = askedOf(member, api.clock.nowMs());
  return { state, ...asked, ...(peers && { peers }), adminChallenge: token };
}

function sessionKey(hub: string, name: string): string {
  return `${hub}\0${name}`;
}
