import type { Clock } from '#shared/kernel/clock.ts';
import type { HubName, MemberId } from '#shared/kernel/ids.ts';
import type { Log } from '#shared/kernel/log.ts';
import { fateOf } from '../domain/sweep.ts';
import type { DelayQueue } from '../store/delay-queue.ts';
import type { Member } from '../store/member-store.ts';
import type { Stores } from '../store/stores.ts';
import type { ListedHub, StoredSession } from '../store/sweep-store.ts';
import { sweeperMessages, type WalkCursor } from './message.ts';

/** What a walk works with. */
export interface Walker {
  readonly stores: Stores;
  readonly queue: DelayQueue;
  readonly clock: Clock;
  readonly log: Log;
}

/** One step looks at this many hubs, reads this many sessions of each at once, and */
const hubsPerStep = 50;
const sessionsPerPage = 200;
/** ends, however far it came, when it has looked at this many sessions. */
const sessionsPerStep = 1_000;
/** A name listed for so long without a hub stands for no creation that is still under way. */
const strayMs = 60_000;

/**
 * One step of a walk over all hubs: strike out sessions that are over though nobody said so, and
 * names without a hub. The rest is left to the next step. A step that comes twice finds less to do.
 */
export async function walk(
  walker: Walker,
  step: { readonly startedMs: number; readonly after?: WalkCursor | undefined },
): Promise<void> {
  const { clock, log, queue, stores } = walker;
  const { startedMs, after = {} } = step;
  if (!(await stores.sweeps.step(startedMs, clock.nowMs()))) return;
  const progress = new StepProgress(walker);
  const next = await walkHubs(walker, progress, after);
  const { looked, struck } = progress;
  if (struck > 0) log.info('sessions.swept', { startedMs, looked, struck });
  if (progress.isEarly) await stores.sweeps.request();
  if (next !== undefined) return queue.send(sweeperMessages.walk(startedMs, next), 0);
  await stores.sweeps.finish(startedMs, clock.nowMs());
  log.info('walk.finished', { startedMs });
}

/** Where to go on, if not everything was seen. */
async function walkHubs(
  { stores, clock }: Walker,
  progress: StepProgress,
  after: WalkCursor,
): Promise<WalkCursor | undefined> {
  const { items, next } = await stores.sweeps.hubs(after.behind, hubsPerStep);
  let { behind } = after;
  for (const hub of items) {
    const from = hub.cursor === after.within?.hub ? after.within.session : undefined;
    const session = await progress.sweep(hub.name, from);
    if (session !== undefined) return { behind, within: { hub: hub.cursor, session } };
    behind = hub.cursor;
    if (progress.looked >= sessionsPerStep) break;
  }
  const seen = items.slice(0, items.findIndex(({ cursor }) => cursor === behind) + 1);
  await strikeStrays(stores, seen, clock.nowMs() - strayMs);
  return next === undefined && seen.length === items.length ? undefined : { behind };
}

async function strikeStrays(
  { sweeps }: Stores,
  hubs: readonly ListedHub[],
  sinceMs: number,
): Promise<void> {
  const old = hubs.filter(({ createdMs }) => createdMs < sinceMs);
  for (const hub of await sweeps.strays(old)) await sweeps.strikeHub(hub);
}

/** What one step has seen, and the members it has asked about. */
class StepProgress {
  looked = 0;
  struck = 0;
  /** It has seen some that a later walk is to strike out. */
  isEarly = false;
  readonly #walker: Walker;
  readonly #members = new Map<MemberId, Member | undefined>();

  constructor(walker: Walker) {
    this.#walker = walker;
  }

  /** Sweep a hub's sessions; the last one looked at, if the step's share was used up before. */
  async sweep(hub: HubName, from: string | undefined): Promise<string | undefined> {
    const { sweeps } = this.#walker.stores;
    let after = from;
    do {
      const { items, next } = await sweeps.sessions(hub, after, sessionsPerPage);
      await this.#strike(items);
      after = next;
      if (after !== undefined && this.looked >= sessionsPerStep) return after;
    } while (after !== undefined);
    return undefined;
  }

  async #strike(sessions: readonly StoredSession[]): Promise<void> {
    const { clock, stores } = this.#walker;
    this.looked += sessions.length;
    await this.#ask(sessions);
    for (const session of sessions) {
      const member = this.#members.get(session.memberId);
      const fate = fateOf(session, member, clock.nowMs());
      if (fate === 'look-again') this.isEarly = true;
      if (fate !== 'strike') continue;
      if (await stores.sweeps.strikeSession(session)) this.struck += 1;
    }
  }

  async #ask(sessions: readonly StoredSession[]): Promise<void> {
    const unknown = new Set(sessions.map(({ memberId }) => memberId));
    for (const id of this.#members.keys()) unknown.delete(id);
    for (const id of unknown) this.#members.set(id, undefined);
    for (const member of await this.#walker.stores.members.getMany([...unknown])) {
      this.#members.set(member.memberId, member);
    }
  }
}
