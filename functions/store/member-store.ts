import type { Observed } from '#shared/contract/heartbeat.ts';
import type { JoinRequest } from '#shared/contract/member.ts';
import { type MachineId, type MemberId, machineOf, memberIdOn } from '#shared/kernel/ids.ts';
import type { Random } from '#shared/kernel/random.ts';
import { admissionsPerHeartbeatMax } from '../domain/admission.ts';
import { machineEnds } from '../domain/drain.ts';
import { isAlive } from '../domain/lease.ts';
import type { MemberOrder } from '../domain/order-room.ts';
import { arrivedSlots, sentMark } from '../domain/suspicion.ts';
import { keyOf } from './keys.ts';
import { type DrainRequest, MemberEndings, unchanged } from './member-endings.ts';
import { type Member, memberOf, sentAttribute, tableTag } from './member-item.ts';
import { MemberOrders, type Ordered } from './member-orders.ts';
import { endsOrders, leaseAfter, renewalChange } from './member-renewal.ts';
import { type Pledge, pledge } from './pledge.ts';
import { Roster, type RosterEntry } from './roster.ts';
import {
  type Attributes,
  above,
  all,
  always,
  atMost,
  below,
  type Change,
  getManyMax,
  is,
  itemAbsent,
  sizeBelow,
  type Table,
  type Value,
} from './table.ts';

export type { Member } from './member-item.ts';

/** Members of one draw, and how many there are to draw from. */
export interface Sample {
  readonly members: readonly Member[];
  readonly listed: number;
}

export type Renewal =
  | { readonly kind: 'renewed'; readonly member: Member }
  /** A later heartbeat of this epoch is stored: what this one says is out of date. */
  | { readonly kind: 'late'; readonly member: Member }
  /** It was told that it is done, or is told so again. */
  | { readonly kind: 'drained'; readonly member: Member }
  /** A higher epoch exists, or the member was lost: it must join anew. */
  | { readonly kind: 'stale-epoch' }
  | { readonly kind: 'not-joined' };

export type Reservation =
  | { readonly kind: 'reserved' }
  | { readonly kind: 'refused'; readonly current: Member | undefined };

/** How a place is taken, beyond that there is one. */
export interface ReservationWish {
  /**
   * Only if no heartbeat came in since and at most so many are reserved: then it is still as good a
   * choice as it seemed, and whoever is refused is told the load as it is now.
   */
  readonly asSeen?: { readonly seq: number; readonly reserved: number };
  /** Counted beside it without taking places: who a claimed hub usually has beyond this one. */
  readonly expected?: number;
  /** Remembered until it is seen there; see `clientTag`. */
  readonly client?: string;
}

/** A renewal is decided again this often when others write in between; they are few (orders). */
const renewAttemptsMax = 5;

/** The member aggregate: one item, one condition, one decision each. */
export class MemberStore {
  readonly #table: Table;
  readonly #roster: Roster;
  readonly #endings: MemberEndings;
  readonly #orders: MemberOrders;

  constructor(table: Table) {
    this.#table = table;
    this.#roster = new Roster(table);
    this.#endings = new MemberEndings(table, this.#roster, (id) => this.get(id));
    this.#orders = new MemberOrders(table);
  }

  async get(id: MemberId): Promise<Member | undefined> {
    const item = await this.#table.get(keyOf.member(id));
    return item && memberOf(item);
  }

  /** Ids of all members that have not been removed, in no particular order. */
  ids(): Promise<readonly MemberId[]> {
    return this.#roster.ids();
  }

  /** Ids of a machine's members that have not been removed. */
  idsOn(machine: MachineId): Promise<readonly MemberId[]> {
    return this.#roster.idsOn(machine);
  }

  /** A machine's members, as far as listed, and always the first, which stands for it. */
  async onMachine(machine: MachineId): Promise<readonly Member[]> {
    const listed = await this.idsOn(machine);
    return this.getMany([...new Set([memberIdOn(machine, 0), ...listed])]);
  }

  /** Everybody listed, for their peers: see {@link Roster.entries}. */
  roster(nowMs: number): Promise<readonly RosterEntry[]> {
    return this.#roster.entries(nowMs);
  }

  /** All members of a fleet of at most `size`, `size` of a larger one by chance; as of now. */
  async sample(size: number, nowMs: number, random: Random): Promise<Sample> {
    const { ids, listed } = await this.#roster.draw(size, nowMs, random);
    return { members: await this.getMany(ids), listed };
  }

  /** The members with these ids that exist. */
  async getMany(ids: readonly MemberId[]): Promise<readonly Member[]> {
    const members: Member[] = [];
    for (let from = 0; from < ids.length; from += getManyMax) {
      const keys = ids.slice(from, from + getManyMax).map(keyOf.member);
      for (const item of await this.#table.getMany(keys)) {
        if (item !== undefined) members.push(memberOf(item));
      }
    }
    return members;
  }

  /**
   * Register a member, or register it anew at the next epoch. Conditional on epoch, state and drain
   * as read: of two joins at once, or a join and an end, one is told to read again. Refused for a
   * terminated member, and for one that is done on a machine that ends; on a machine whose first
   * member is so, nobody else begins. A member that the control plane is draining stays draining
   * (I7), and what it was ordered is not forgotten: its sessions may have lived on.
   */
  async join(
    id: MemberId,
    request: JoinRequest,
    leaseExpiresMs: number,
    nowMs: number,
  ): Promise<Member | 'terminated' | 'raced'> {
    const current = await this.get(id);
    if (current !== undefined && neverBack(current)) return 'terminated';
    const epoch = (current?.epoch ?? 0) + 1;
    const orders = current?.orders ?? [];
    await this.#roster.enter(id, epoch, request.witness, nowMs);
    // Then: who lets a machine go bars its first member, and looks who is listed after that.
    const first = await this.#firstBeside(id);
    const isNew = current === undefined || !isAlive(current);
    if (isNew && first !== undefined && neverBack(first)) return 'terminated';
    const drain = drainCarriedOver(current) ?? drainOfMachine(first);
    const outcome = await this.#table.put(
      keyOf.member(id),
      {
        memberId: id,
        state: drain === undefined ? 'joining' : 'draining',
        table: tableTag(this.#table.name),
        ...drain,
        epoch,
        seq: 0,
        leaseExpiresMs,
        joinedMs: nowMs,
        heldSinceMs: nowMs,
        priorLeaseExpiresMs: priorLeaseOf(current),
        address: request.address,
        ports: request.ports,
        certificate: Buffer.from(request.certificate, 'base64'),
        weight: request.weight,
        capacity: request.capacity,
        sessions: 0,
        connections: 0,
        hubs: 0,
        reserved: 0,
        reservedNew: 0,
        headroom: 0,
        agentVersion: request.agentVersion,
        ...(request.processes !== undefined && { processes: request.processes }),
        orders: orders as unknown as Value,
      },
      current === undefined
        ? itemAbsent
        : all(unchanged(current), sizeBelow('orders', orders.length + 1)),
    );
    return outcome.kind === 'written' ? memberOf(outcome.item) : 'raced';
  }

  /** Unless it joined at another table; items of before this was written down do not say. */
  #joinedHere({ table }: Member): boolean {
    return table === undefined || table === tableTag(this.#table.name);
  }

  /** An item that does not say where it is from says so from now on. */
  #renewalHere(member: Member, change: Change): Change {
    if (member.table !== undefined) return change;
    return { ...change, set: { ...change.set, table: tableTag(this.#table.name) } };
  }

  /** The first member of this one's machine, if that is another. */
  async #firstBeside(id: MemberId): Promise<Member | undefined> {
    const first = memberIdOn(machineOf(id), 0);
    return first === id ? undefined : this.get(first);
  }

  /**
   * Renew the lease and store what was observed: one write whatever the number of sessions,
   * conditional on epoch and seq as read, so that reservations and orders written in between are
   * kept. A repeated heartbeat (our own retried success, or the node's) only extends the lease: the
   * node counts its own from the repetition. A lease that ran out may be renewed as long as nobody
   * called the member lost; from then on nobody else can have been given its hubs (I1). Who joined
   * at another table has to join at this one, which was restored from it (ADR 0035).
   */
  async renew(
    id: MemberId,
    observed: Observed,
    leaseExpiresMs: number,
    nowMs: number,
  ): Promise<Renewal> {
    let member = await this.get(id);
    for (let attempt = 0; attempt < renewAttemptsMax; attempt += 1) {
      if (member === undefined) return { kind: 'not-joined' };
      if (member.epoch !== observed.epoch) return { kind: 'stale-epoch' };
      if (!this.#joinedHere(member)) return { kind: 'stale-epoch' };
      const drained = member.state === 'drained';
      if (!isAlive(member) && !drained) return { kind: 'stale-epoch' };
      if (member.seq > observed.seq) return { kind: 'late', member };
      if (drained) return { kind: 'drained', member };
      const repeated = member.seq === observed.seq;
      const outcome = await this.#table.update(
        keyOf.member(id),
        repeated
          ? { set: leaseAfter(member, leaseExpiresMs, nowMs) }
          : this.#renewalHere(member, renewalChange(member, observed, leaseExpiresMs, nowMs)),
        all(
          is('epoch', member.epoch),
          is('seq', member.seq),
          is('state', member.state),
          // Within an epoch and a seq, orders are only ever appended.
          endsOrders(member, observed, nowMs)
            ? sizeBelow('orders', member.orders.length + 1)
            : always,
        ),
      );
      if (outcome.kind === 'written') return { kind: 'renewed', member: memberOf(outcome.item) };
      member = outcome.current && memberOf(outcome.current);
    }
    throw new Error(`member ${id} changed ${renewAttemptsMax} times during one renewal`);
  }

  /** Take one place on a member that may be given sessions now. */
  async reserve(
    id: MemberId,
    epoch: number,
    nowMs: number,
    { asSeen, expected = 0, client = '' }: ReservationWish = {},
  ): Promise<Reservation> {
    const pledge = expected > 0 ? { pledged: expected, pledgedNew: expected } : {};
    const sent = sentMark(client, nowMs);
    const outcome = await this.#table.update(
      keyOf.member(id),
      {
        add: { headroom: -1, reserved: 1, reservedNew: 1, ...pledge },
        ...(sent && { set: { [sentAttribute(sent.slot)]: sent.mark } }),
      },
      all(
        is('epoch', epoch),
        is('state', 'active'),
        above('leaseExpiresMs', nowMs),
        above('headroom', 0),
        below('reservedNew', admissionsPerHeartbeatMax),
        asSeen === undefined
          ? always
          : all(is('seq', asSeen.seq), atMost('reserved', asSeen.reserved)),
      ),
    );
    if (outcome.kind === 'written') return { kind: 'reserved' };
    return { kind: 'refused', current: outcome.current && memberOf(outcome.current) };
  }

  /** Count sessions against a member before a hub is claimed for it: see {@link pledge}. */
  pledge(member: Member, expected: number): Promise<Pledge> {
    return pledge(this.#table, member, expected);
  }

  /** A client is not held to have been sent there in vain any more. */
  async forgetSent(member: Member, client: string): Promise<void> {
    const { sent = {} } = member;
    for (const slot of arrivedSlots(sent, [client])) {
      const attribute = sentAttribute(slot);
      const unchanged = all(is('epoch', member.epoch), is(attribute, sent[slot] ?? ''));
      await this.#table.update(keyOf.member(member.memberId), { remove: [attribute] }, unchanged);
    }
  }

  /** See {@link MemberEndings.beginDrain}: by an operator, unless `request` says more. */
  async beginDrain(
    id: MemberId,
    deadlineMs: number,
    request: Omit<DrainRequest, 'deadlineMs'> = { cause: 'operator' },
  ): Promise<'draining' | 'not-a-live-member'> {
    const member = await this.#endings.beginDrain(id, { deadlineMs, ...request });
    return member === 'not-alive' ? 'not-a-live-member' : 'draining';
  }

  markDrained(id: MemberId, epoch: number): Promise<boolean> {
    return this.#endings.markDrained(id, epoch);
  }

  markLost(id: MemberId, epoch: number, nowMs: number): Promise<boolean> {
    return this.#endings.markLost(id, epoch, nowMs);
  }

  /** See {@link MemberEndings.bar}. */
  bar(id: MemberId, seen: Member | undefined, nowMs: number): Promise<boolean> {
    return this.#endings.bar(id, seen, nowMs);
  }

  markTerminated(id: MemberId, nowMs: number): Promise<boolean> {
    return this.#endings.markTerminated(id, nowMs);
  }

  /** Strike a member that ended at `epoch` off the list. One that joined anew stays on it. */
  async forget(id: MemberId, epoch: number): Promise<void> {
    await this.#roster.strike(id, epoch);
  }

  /** See {@link Roster.strikeStray}. */
  forgetStray(id: MemberId, sinceMs: number): Promise<boolean> {
    return this.#roster.strikeStray(id, sinceMs);
  }

  /** See {@link MemberOrders.put}. */
  order(id: MemberId, order: MemberOrder): Promise<Ordered> {
    return this.#orders.put(id, order);
  }
}

/** Terminated, or done and about to be: see {@link machineEnds}. */
function neverBack({ state, drainCause }: Member): boolean {
  if (state === 'terminated') return true;
  return (state === 'drained' || state === 'lost') && machineEnds(drainCause);
}

/** Who joins anew while it is drained goes on draining. */
function drainCarriedOver(member: Member | undefined): Attributes | undefined {
  if (member?.state !== 'draining' || member.drainDeadlineMs === undefined) return undefined;
  const { drainDeadlineMs, drainCause, lifecycle } = member;
  return {
    drainDeadlineMs,
    ...(drainCause !== undefined && { drainCause }),
    ...(lifecycle !== undefined && { lifecycle }),
  };
}

/** Who joins on a machine that ends drains with it. */
function drainOfMachine(first: Member | undefined): Attributes | undefined {
  return machineEnds(first?.drainCause) ? drainCarriedOver(first) : undefined;
}

/** Whoever joins anew may still be serving under the lease it had, or under the one before. */
function priorLeaseOf(member: Member | undefined): number {
  if (member === undefined) return 0;
  const own = isAlive(member) ? member.leaseExpiresMs : 0;
  return Math.max(own, member.priorLeaseExpiresMs ?? 0);
}
