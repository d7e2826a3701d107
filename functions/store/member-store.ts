import { z } from 'zod';
import { type Observed, orderSchema } from '#shared/contract/heartbeat.ts';
import { type JoinRequest, memberStates } from '#shared/contract/member.ts';
import { type MemberId, memberId } from '#shared/kernel/ids.ts';
import { keyOf } from './keys.ts';
import { itemsUnder } from './pages.ts';
import {
  above,
  all,
  any,
  atMost,
  attributeAbsent,
  below,
  getManyMax,
  type Item,
  is,
  itemAbsent,
  oneOf,
  sizeBelow,
  type Table,
  type Value,
} from './table.ts';

/** A registered member as it is stored. Certificates are DER. */
const memberSchema = z.object({
  memberId: z.string().transform(memberId),
  state: z.enum(memberStates),
  /** Grows with every join and every loss; a message of an older one changes nothing (I3). */
  epoch: z.number().int().nonnegative(),
  /** Number of the last heartbeat stored in this epoch. */
  seq: z.number().int().nonnegative(),
  leaseExpiresMs: z.number().int().nonnegative(),
  joinedMs: z.number().int().nonnegative(),
  address: z.string(),
  ports: z.array(z.number().int()),
  certificate: z.instanceof(Uint8Array),
  weight: z.number().int().positive(),
  capacity: z.number().int().positive(),
  /** Sessions and connections as of the last heartbeat. */
  sessions: z.number().int().nonnegative(),
  connections: z.number().int().nonnegative(),
  hubs: z.number().int().nonnegative(),
  /** Admissions since the last heartbeat, not yet among `sessions`. */
  reserved: z.number().int().nonnegative(),
  /** What may still be admitted before the next heartbeat. */
  headroom: z.number().int(),
  agentVersion: z.string(),
  orders: z.array(orderSchema),
  drainDeadlineMs: z.number().int().optional(),
});

export type Member = Readonly<z.infer<typeof memberSchema>>;
export type MemberOrder = Member['orders'][number];

/** Most orders waiting for one member; an admin call that would exceed it is told to come back. */
export const ordersMax = 100;
/** Most members a cluster lists. */
export const membersMax = 10_000;

export type Renewal =
  | { readonly kind: 'renewed'; readonly member: Member }
  /** A higher epoch exists, or the member was lost: it must join anew. */
  | { readonly kind: 'stale-epoch' }
  | { readonly kind: 'not-joined' };

/** The member aggregate: one item, one condition, one decision each. */
export class MemberStore {
  readonly #table: Table;

  constructor(table: Table) {
    this.#table = table;
  }

  async get(id: MemberId): Promise<Member | undefined> {
    const item = await this.#table.get(keyOf.member(id));
    return item && memberOf(item);
  }

  /** Ids of all members that have not been removed, in no particular order. */
  async ids(): Promise<readonly MemberId[]> {
    const ids: MemberId[] = [];
    for await (const item of itemsUnder(this.#table, 'FLEET', 'MEMBER#', membersMax)) {
      ids.push(memberId(String(item['memberId'])));
    }
    return ids;
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
   * Register a member, or register it anew at the next epoch. Conditional on the epoch that was
   * read, so of two joins at once one is told to read again. Refused for a terminated member.
   */
  async join(
    id: MemberId,
    request: JoinRequest,
    leaseExpiresMs: number,
    nowMs: number,
  ): Promise<Member | 'terminated' | 'raced'> {
    const current = await this.get(id);
    if (current?.state === 'terminated') return 'terminated';
    await this.#table.put(keyOf.fleet(id), { memberId: id }, { kind: 'always' });
    const outcome = await this.#table.put(
      keyOf.member(id),
      {
        memberId: id,
        state: 'joining',
        epoch: (current?.epoch ?? 0) + 1,
        seq: 0,
        leaseExpiresMs,
        joinedMs: nowMs,
        address: request.address,
        ports: request.ports,
        certificate: Buffer.from(request.certificate, 'base64'),
        weight: request.weight,
        capacity: request.capacity,
        sessions: 0,
        connections: 0,
        hubs: 0,
        reserved: 0,
        headroom: 0,
        agentVersion: request.agentVersion,
        orders: [],
      },
      current === undefined ? itemAbsent : is('epoch', current.epoch),
    );
    return outcome.kind === 'written' ? memberOf(outcome.item) : 'raced';
  }

  /**
   * Renew the lease and store what was observed: one write whatever the number of sessions. Our own
   * retried success (same epoch and seq stored) counts as renewed.
   */
  async renew(id: MemberId, observed: Observed, leaseExpiresMs: number): Promise<Renewal> {
    const member = await this.get(id);
    if (member === undefined) return { kind: 'not-joined' };
    if (member.epoch === observed.epoch && member.seq >= observed.seq && isAlive(member)) {
      return { kind: 'renewed', member };
    }
    const draining = member.state === 'draining' || observed.state === 'draining';
    const done = new Set(observed.done);
    const outcome = await this.#table.update(
      keyOf.member(id),
      {
        set: {
          state: draining ? 'draining' : 'active',
          seq: observed.seq,
          leaseExpiresMs,
          sessions: observed.sessions,
          connections: observed.connections,
          hubs: observed.hubs,
          reserved: 0,
          headroom: Math.max(0, member.capacity - observed.sessions),
          ...(done.size > 0 && {
            orders: member.orders.filter((order) => !done.has(order.id)) as unknown as Value,
          }),
        },
      },
      all(
        is('epoch', observed.epoch),
        below('seq', observed.seq),
        draining ? oneOf('state', aliveStates) : oneOf('state', ['joining', 'active']),
        ...(done.size > 0 ? [sizeBelow('orders', member.orders.length + 1)] : []),
      ),
    );
    if (outcome.kind === 'written') {
      return { kind: 'renewed', member: memberOf(outcome.item) };
    }
    const current = outcome.current && memberOf(outcome.current);
    if (current === undefined) return { kind: 'not-joined' };
    if (current.epoch !== observed.epoch || !isAlive(current)) return { kind: 'stale-epoch' };
    if (current.seq >= observed.seq) return { kind: 'renewed', member: current };
    // Someone drained it or gave it an order between our read and our write: decide again.
    return this.renew(id, observed, leaseExpiresMs);
  }

  /** Take one place on a member that may be given sessions now. False: it may not, any more. */
  async reserve(id: MemberId, epoch: number, nowMs: number): Promise<boolean> {
    const outcome = await this.#table.update(
      keyOf.member(id),
      { add: { headroom: -1, reserved: 1 } },
      all(
        is('epoch', epoch),
        is('state', 'active'),
        above('leaseExpiresMs', nowMs),
        above('headroom', 0),
      ),
    );
    return outcome.kind === 'written';
  }

  /** No new placement from now on (I7). Repeating it changes nothing. */
  async beginDrain(id: MemberId, deadlineMs: number): Promise<'draining' | 'not-a-live-member'> {
    const outcome = await this.#table.update(
      keyOf.member(id),
      { set: { state: 'draining', drainDeadlineMs: deadlineMs } },
      oneOf('state', ['joining', 'active']),
    );
    if (outcome.kind === 'written') return 'draining';
    return outcome.current?.['state'] === 'draining' ? 'draining' : 'not-a-live-member';
  }

  /** A draining member that reported itself empty is done. */
  async markDrained(id: MemberId, epoch: number): Promise<boolean> {
    const outcome = await this.#table.update(
      keyOf.member(id),
      { set: { state: 'drained' } },
      all(is('epoch', epoch), is('state', 'draining'), is('sessions', 0), is('hubs', 0)),
    );
    return outcome.kind === 'written' || outcome.current?.['state'] === 'drained';
  }

  /** Call a member lost once its lease has run out; its epoch ends with it. */
  async markLost(id: MemberId, epoch: number, nowMs: number): Promise<boolean> {
    const outcome = await this.#table.update(
      keyOf.member(id),
      { set: { state: 'lost', orders: [] }, add: { epoch: 1 } },
      all(is('epoch', epoch), oneOf('state', aliveStates), atMost('leaseExpiresMs', nowMs)),
    );
    return outcome.kind === 'written';
  }

  /** Strike a lost or drained member off the list. It may still join again. */
  async forget(id: MemberId): Promise<void> {
    await this.#table.delete(keyOf.fleet(id), { kind: 'always' });
  }

  /** Ask something of a member; repeated in each answer until done. False: too many are waiting. */
  async order(id: MemberId, order: MemberOrder): Promise<boolean> {
    const outcome = await this.#table.update(
      keyOf.member(id),
      { append: { orders: [order as unknown as Value] } },
      all(
        oneOf('state', aliveStates),
        any(attributeAbsent('orders'), sizeBelow('orders', ordersMax)),
      ),
    );
    return (
      outcome.kind === 'written' || outcome.current === undefined || !isAliveItem(outcome.current)
    );
  }
}

const aliveStates = ['joining', 'active', 'draining'] as const;

function isAliveItem(item: Item): boolean {
  return (aliveStates as readonly unknown[]).includes(item['state']);
}

/** The member holds its epoch: it may renew. Says nothing of its lease. */
export function isAlive(member: Member): boolean {
  return (aliveStates as readonly string[]).includes(member.state);
}

function memberOf(item: Item): Member {
  return memberSchema.parse(item);
}
