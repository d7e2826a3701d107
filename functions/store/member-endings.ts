import type { MemberId } from '#shared/kernel/ids.ts';
import { type Drain, type DrainCause, machineEnds, mergeDrain } from '../domain/drain.ts';
import { isAlive } from '../domain/lease.ts';
import { keyOf } from './keys.ts';
import type { Member } from './member-store.ts';
import type { Roster } from './roster.ts';
import {
  type Attributes,
  all,
  any,
  atMost,
  attributeAbsent,
  type Change,
  type Condition,
  is,
  itemAbsent,
  itemPresent,
  oneOf,
  type Table,
} from './table.ts';

/** Conditional on what was read; read again this often. Requests to drain are few. */
const attemptsMax = 5;
/** Items of terminated members are swept by the table's TTL after this long. Never a timer. */
const terminatedKeptMs = 30 * 86_400_000;

export const aliveStates = ['joining', 'active', 'draining'] as const;

/** What a drain was asked with: see {@link mergeDrain}. */
export type DrainRequest = Drain & Pick<Member, 'lifecycle'>;

/** How a member ends: writes on its item, each conditional on what it was decided upon. */
export class MemberEndings {
  readonly #table: Table;
  readonly #roster: Roster;
  readonly #get: (id: MemberId) => Promise<Member | undefined>;

  constructor(table: Table, roster: Roster, get: (id: MemberId) => Promise<Member | undefined>) {
    this.#table = table;
    this.#roster = roster;
    this.#get = get;
  }

  /**
   * No new placement from now on (I7). A repeated request changes nothing; another one may only
   * bring the deadline forward or add the lifecycle action that waits.
   */
  async beginDrain(id: MemberId, wanted: DrainRequest): Promise<Member | 'not-alive'> {
    for (let attempt = 0; attempt < attemptsMax; attempt += 1) {
      const member = await this.#get(id);
      if (member === undefined || !isAlive(member)) return 'not-alive';
      const change = drainChange(member, wanted);
      if (change === undefined) return member;
      const outcome = await this.#table.update(keyOf.member(id), change, unchanged(member));
      if (outcome.kind === 'written') return { ...member, ...change.set } as Member;
    }
    throw new Error(`member ${id} changed ${attemptsMax} times while its drain was to begin`);
  }

  /** A draining member that reported itself empty is done. */
  async markDrained(id: MemberId, epoch: number): Promise<boolean> {
    const outcome = await this.#table.update(
      keyOf.member(id),
      { set: { state: 'drained' } },
      all(is('epoch', epoch), is('state', 'draining'), is('sessions', 0), is('hubs', 0)),
    );
    if (outcome.kind === 'written') await this.#roster.markGone(id, epoch);
    return outcome.kind === 'written' || outcome.current?.['state'] === 'drained';
  }

  /** Call a member lost once its lease has run out; its epoch ends with it. */
  async markLost(id: MemberId, epoch: number, nowMs: number): Promise<boolean> {
    const outcome = await this.#table.update(
      keyOf.member(id),
      { set: { state: 'lost' }, add: { epoch: 1 } },
      all(is('epoch', epoch), oneOf('state', aliveStates), atMost('leaseExpiresMs', nowMs)),
    );
    // Told late or never, peers go on asking a member that may not answer: safe, and no more.
    if (outcome.kind === 'written') await this.#roster.markGone(id, epoch);
    return outcome.kind === 'written';
  }

  /**
   * Its machine is about to go, and who was `seen` serves nothing that is not anybody's by now: a
   * lost member, or none at all. Nobody joins under this id again, and a join that is under way is
   * refused. False: one was faster.
   */
  async bar(id: MemberId, seen: Member | undefined, nowMs: number): Promise<boolean> {
    if (seen !== undefined && machineEnds(seen.drainCause)) return true;
    const key = keyOf.member(id);
    const outcome =
      seen === undefined
        ? await this.#table.put(key, neverJoined(id, nowMs), itemAbsent)
        : await this.#table.update(key, { set: { drainCause: barredCause } }, unchanged(seen));
    if (outcome.kind === 'written') return true;
    const state = outcome.current?.['state'];
    const isBarred = outcome.current?.['drainCause'] === barredCause;
    return state === 'terminated' || (state === 'lost' && isBarred);
  }

  /**
   * Its machine is gone, or about to go with nothing on it: nobody joins under this id again. Of a
   * member with a lease never: others would be told that its hubs are free (I1).
   */
  async markTerminated(id: MemberId, nowMs: number): Promise<boolean> {
    const ttl = ttlOf(nowMs);
    const outcome = await this.#table.update(
      keyOf.member(id),
      { set: { state: 'terminated', orders: [], ttl } },
      all(
        itemPresent,
        any(
          oneOf('state', ['drained', 'lost']),
          all(oneOf('state', aliveStates), atMost('leaseExpiresMs', nowMs)),
        ),
      ),
    );
    if (outcome.kind === 'written') await this.#roster.markGone(id, Number(outcome.item['epoch']));
    return outcome.kind === 'written' || outcome.current?.['state'] === 'terminated';
  }
}

const barredCause: DrainCause = 'machine-scaled-in';

/** What stands for a machine that ended before its member ever joined. */
function neverJoined(id: MemberId, nowMs: number): Attributes {
  const empty = { sessions: 0, connections: 0, hubs: 0, reserved: 0, reservedNew: 0, headroom: 0 };
  return {
    ...empty,
    memberId: id,
    state: 'terminated',
    epoch: 1, // as a join that it refuses has listed it
    seq: 0,
    leaseExpiresMs: 0,
    joinedMs: nowMs,
    heldSinceMs: nowMs,
    address: '',
    ports: [],
    certificate: new Uint8Array(0),
    weight: 1,
    capacity: 1,
    agentVersion: '',
    orders: [],
    ttl: ttlOf(nowMs),
  };
}

/** When the item may be swept, Unix seconds. */
function ttlOf(nowMs: number): number {
  return Math.floor((nowMs + terminatedKeptMs) / 1_000);
}

/** The drain of a member that was asked for by the control plane, if it was. */
export function drainOf(member: Member): Drain | undefined {
  const { drainDeadlineMs: deadlineMs, drainCause: cause = 'operator' } = member;
  return deadlineMs === undefined ? undefined : { deadlineMs, cause };
}

function drainChange(member: Member, wanted: DrainRequest): Change | undefined {
  const before = drainOf(member);
  const { deadlineMs, cause } = mergeDrain(before, wanted);
  const lifecycle = member.lifecycle ?? wanted.lifecycle;
  const isSame =
    member.state === 'draining' &&
    before?.deadlineMs === deadlineMs &&
    before.cause === cause &&
    lifecycle === member.lifecycle;
  if (isSame) return undefined;
  return {
    set: {
      state: 'draining',
      drainDeadlineMs: deadlineMs,
      drainCause: cause,
      ...(lifecycle !== undefined && { lifecycle }),
    },
  };
}

/** Its epoch, its state and its drain are as read: nothing ended it meanwhile. */
export function unchanged(member: Member): Condition {
  const { drainDeadlineMs, drainCause, lifecycle } = member;
  return all(
    is('epoch', member.epoch),
    is('state', member.state),
    drainDeadlineMs === undefined
      ? attributeAbsent('drainDeadlineMs')
      : is('drainDeadlineMs', drainDeadlineMs),
    drainCause === undefined ? attributeAbsent('drainCause') : is('drainCause', drainCause),
    lifecycle === undefined
      ? attributeAbsent('lifecycle')
      : { kind: 'present', attribute: 'lifecycle' },
  );
}
