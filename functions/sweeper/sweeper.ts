import { unreachable } from '#shared/kernel/assert.ts';
import type { Clock } from '#shared/kernel/clock.ts';
import { machineOf } from '#shared/kernel/ids.ts';
import type { Log } from '#shared/kernel/log.ts';
import { fleetLoad } from '../domain/fleet-load.ts';
import { decideSweep, leftSessionsBehind, type SweepDecision } from '../domain/sweep.ts';
import type { DelayQueue } from '../store/delay-queue.ts';
import type { MachineGroup } from '../store/machine-group.ts';
import type { Member } from '../store/member-store.ts';
import type { Stores } from '../store/stores.ts';
import { watchMessage } from '../store/watch-message.ts';
import { fleetFigures } from './fleet-figures.ts';
import { type SweeperMessage, sweeperMessages } from './message.ts';
import { walk } from './walk.ts';

/** What the sweeper works with. `queue` is its own. */
export interface Sweeper {
  readonly stores: Stores;
  readonly group: MachineGroup;
  readonly queue: DelayQueue;
  readonly watchdogQueue: DelayQueue;
  readonly clock: Clock;
  readonly log: Log;
  /** What the fleet's figures go by; without it none are told. */
  readonly cluster?: string;
}

/** Members dealt with in one minute; the others are dealt with in the next. */
const membersMax = 100;
/** Failures after which the other members are left to the next minute: something is away. */
const failuresMax = 5;
/** A name listed for so long without a member stands for no join that is still under way. */
const strayMs = 60_000;
/** A walk that took no step for so long has died. */
const walkDiedMs = 300_000;
/** What the clocks of two invocations may disagree by. */
const clockErrorMs = 10_000;

export function onMessage(sweeper: Sweeper, message: SweeperMessage): Promise<void> {
  switch (message.kind) {
    case 'tick':
      return tick(sweeper);
    case 'request-walk':
      return sweeper.stores.sweeps.request();
    case 'walk':
      return walk(sweeper, message);
    default:
      return unreachable(message);
  }
}

/**
 * Each minute: what watchdog messages should have done and did not. All of it is decided upon what
 * is stored now, so that a tick may come twice, late, or not at all.
 */
async function tick(sweeper: Sweeper): Promise<void> {
  const { clock, cluster, log, stores } = sweeper;
  const nowMs = clock.nowMs();
  const ids = await stores.members.ids();
  const fleet = await stores.members.getMany(ids);
  if (cluster !== undefined) {
    log.info('fleet.load', fleetFigures(fleetLoad(fleet, nowMs), cluster, nowMs));
  }

  const due = fleet.flatMap((member) => {
    const decision = decideSweep(member, fleet, nowMs);
    return decision === undefined ? [] : [{ member, decision }];
  });
  const failures = await carryOutAll(sweeper, due.slice(0, membersMax));

  const known = new Set(fleet.map(({ memberId }) => memberId));
  const nameless = ids.filter((id) => !known.has(id));
  for (const id of nameless.slice(0, membersMax)) {
    const struck = await stores.members.forgetStray(id, nowMs - strayMs);
    if (struck) log.info('member.stray', { member: id });
  }
  await startWalk(sweeper, fleet);
  if (failures.length > 0) throw failures[0]; // each is in the log
}

interface Due {
  readonly member: Member;
  readonly decision: SweepDecision;
}

/** One member with which it fails, each minute anew, is not in the way of the others. */
async function carryOutAll(sweeper: Sweeper, due: readonly Due[]): Promise<readonly unknown[]> {
  const failures: unknown[] = [];
  for (const { member, decision } of due) {
    if (failures.length === failuresMax) break;
    try {
      await carryOut(sweeper, member, decision);
    } catch (error) {
      failures.push(error);
      const facts = { member: member.memberId, decision, error: String(error) };
      sweeper.log.error('member.not-dealt-with', facts);
    }
  }
  return failures;
}

async function carryOut(
  { clock, group, log, stores, watchdogQueue }: Sweeper,
  member: Member,
  decision: SweepDecision,
): Promise<void> {
  const { memberId, epoch, sessions, hubs } = member;
  switch (decision) {
    case 'call-lost':
      // The message first: its watch goes on from whatever it finds.
      await watchdogQueue.send(watchMessage.begin(member), 1);
      if (await stores.members.markLost(memberId, epoch, clock.nowMs())) {
        log.error('member.unwatched', { member: memberId, epoch, sessions, hubs });
      }
      return;
    case 'watch':
      if (member.state === 'lost') await stores.sweeps.request(); // its watch may not have
      await watchdogQueue.send(watchMessage.beginAnew(member), 1);
      log.warn('watch.restarted', { member: memberId, epoch });
      return;
    case 'forget':
      await stores.sweeps.request();
      await stores.members.forget(memberId, epoch);
      log.info('member.forgotten', { member: memberId, state: member.state });
      return;
    case 'replace': {
      const { drainDeadlineMs: deadlineMs } = member;
      const outcome = await group.reportUnhealthy(machineOf(memberId));
      log.error('drain.overdue', { member: memberId, sessions, hubs, deadlineMs, outcome });
      return;
    }
    default:
      return unreachable(decision);
  }
}

/** One walk at a time, if one was asked for since the last began, or if that died on its way. */
async function startWalk(
  { clock, log, queue, stores }: Sweeper,
  fleet: readonly Member[],
): Promise<void> {
  const nowMs = clock.nowMs();
  const walks = await stores.sweeps.walks();
  const { requests, answered, startedMs, steppedMs, finishedMs } = walks;
  const isUnfinished = startedMs > finishedMs;
  if (isUnfinished && steppedMs + walkDiedMs > nowMs) return;
  const since = startedMs - clockErrorMs;
  const isWanted =
    isUnfinished ||
    requests > answered ||
    fleet.some((member) => leftSessionsBehind(member, since, nowMs));
  if (!isWanted || !(await stores.sweeps.begin(walks, nowMs))) return;
  log.info('walk.started', { startedMs: nowMs, died: isUnfinished });
  await queue.send(sweeperMessages.walk(nowMs), 0);
}
