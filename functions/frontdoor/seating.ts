import type { SeatRef } from '#shared/contract/ticket.ts';
import { below } from '#shared/kernel/random.ts';
import { type ErrorCode, errorCode } from '#shared/wire/error-code.ts';
import { isBridge, type Login } from '#shared/wire/login.ts';
import type { Policy } from '#shared/wire/policy.ts';
import { sessionLimits } from '../domain/hub-admin-options.ts';
import {
  clientTag,
  counted,
  type Seat,
  type SeatScope,
  type SeatStanding,
  shardEntriesMax,
  shardLimit,
  shardsFor,
  standingOfSeat,
} from '../domain/seat.ts';
import type { Hub } from '../store/hub-store.ts';
import type { SeatPlace, SeatShard } from '../store/seat-store.ts';
import type { FrontDoor } from './front-door.ts';

/** Who sits down. */
export interface Sitter {
  readonly hub: Hub;
  readonly userName: string;
  readonly policy: Policy;
}

export type Seats =
  | { readonly kind: 'seated'; readonly refs: readonly SeatRef[] }
  | { readonly kind: 'rejected'; readonly code: ErrorCode; readonly reason: SeatReason };

export type SeatReason =
  | 'hub-full'
  | 'user-full'
  /** Full, but of seats of which it will be known in a moment whether anyone sits there. */
  | 'seats-undecided';

/** Shards read at once when the first one was full. */
const shardsAtOnce = 25;
/** Shards of a full hub in which seats of the dead are looked for, by one login. */
const shardsPrunedMax = 10;
/** Others take what was freed, this often, before a login gives up. */
const attemptsMax = 4;

/**
 * One seat under each limit that applies (I11, ADR 0013); without limits nothing is read or
 * written. 16 and 20 keep a client away for a minute: they are said when every seat is known to be
 * taken, and 49, whose retry is short, while that is not known.
 */
export async function takeSeats(
  frontDoor: FrontDoor,
  who: Sitter,
  login: Login,
  session: string,
  heldUntilMs: number,
): Promise<Seats> {
  const client = clientTag(who.hub.name, who.userName, login.uniqueId);
  const seat: Seat = { session, client, heldUntilMs };
  const refs: SeatRef[] = [];
  for (const limit of limitsOf(who, login)) {
    const taken = await new Search(frontDoor, who, limit, seat).run();
    if (typeof taken === 'number') {
      refs.push({ scope: limit.scope, shard: taken, heldUntilMs });
      continue;
    }
    await giveBack(frontDoor, who, session, refs);
    if (taken === 'undecided') {
      return { kind: 'rejected', code: errorCode.noMemberForHub, reason: 'seats-undecided' };
    }
    return limit.scope === 'user'
      ? { kind: 'rejected', code: errorCode.tooManyUserSessions, reason: 'user-full' }
      : { kind: 'rejected', code: errorCode.hubBusy, reason: 'hub-full' };
  }
  return { kind: 'seated', refs };
}

/** The login came to nothing. Should this fail, the seats are free when their ticket would be. */
export async function giveBack(
  { stores }: FrontDoor,
  { hub, userName }: Pick<Sitter, 'hub' | 'userName'>,
  session: string,
  refs: readonly SeatRef[],
): Promise<void> {
  await Promise.all(refs.map((ref) => stores.seats.release(hub.name, userName, session, ref)));
}

interface Limit {
  readonly scope: SeatScope;
  readonly limit: number;
  readonly shards: number;
}

/** Bridges and routers do not count among a user's sessions (protocol/06 §8). */
function limitsOf({ hub, policy }: Sitter, login: Login): readonly Limit[] {
  const { seatShards = 1 } = hub;
  const { multiLogins } = policy;
  const { all, clients, bridges } = sessionLimits(hub);
  const limits: Limit[] = [];
  if (multiLogins > 0 && !isBridge(login)) {
    limits.push({ scope: 'user', limit: multiLogins, shards: shardsFor(multiLogins) });
  }
  const [scope, ofKind] = isBridge(login)
    ? (['bridges', bridges] as const)
    : (['clients', clients] as const);
  if (ofKind > 0) limits.push({ scope, limit: ofKind, shards: shardsFor(ofKind) });
  if (all > 0) {
    const shards = Math.max(seatShards, shardsFor(all));
    limits.push({ scope: 'hub', limit: all, shards });
  }
  return limits;
}

/** The search for a seat under one limit. */
class Search {
  readonly #frontDoor: FrontDoor;
  readonly #place: SeatPlace;
  readonly #limit: Limit;
  readonly #seat: Seat;

  constructor(frontDoor: FrontDoor, { hub, userName }: Sitter, limit: Limit, seat: Seat) {
    this.#frontDoor = frontDoor;
    this.#place = { hub: hub.name, scope: limit.scope, user: userName, shard: 0 };
    this.#limit = limit;
    this.#seat = seat;
  }

  /** The shard in which a seat was taken: almost always the first one tried, with one write. */
  async run(): Promise<number | 'full' | 'undecided'> {
    const { shards } = this.#limit;
    const first = below(this.#frontDoor.random, shards);
    const full: { shard: number; seen: SeatShard }[] = [];
    const firstSeen = await this.#sit(first);
    if (firstSeen === 'seated') return first;
    full.push({ shard: first, seen: firstSeen });

    const others = Array.from({ length: shards - 1 }, (_, index) => (first + 1 + index) % shards);
    for (let from = 0; from < others.length; from += shardsAtOnce) {
      const batch = others.slice(from, from + shardsAtOnce);
      const seen = await this.#frontDoor.stores.seats.getMany(this.#place, batch);
      for (const [index, shard] of batch.entries()) {
        const one = seen[index];
        if (one === undefined) continue;
        const refused = this.#hasRoom(shard, one) ? await this.#sit(shard) : one;
        if (refused === 'seated') return shard;
        full.push({ shard, seen: refused });
      }
    }

    let undecided = false;
    const worthLooking = full.filter(({ seen }) => seen.seats.length > 0);
    for (const { shard, seen } of worthLooking.slice(0, shardsPrunedMax)) {
      const outcome = await this.#sitOnFreed(shard, seen);
      if (outcome === 'seated') return shard;
      undecided ||= outcome === 'undecided';
    }
    return undecided ? 'undecided' : 'full';
  }

  /** Free the seats of the dead in a full shard, and take one of them. */
  async #sitOnFreed(shard: number, full: SeatShard): Promise<'seated' | 'full' | 'undecided'> {
    const { stores } = this.#frontDoor;
    const place = { ...this.#place, shard };
    let seen = full;
    for (let attempt = 0; attempt < attemptsMax; attempt += 1) {
      if (!this.#hasRoom(shard, seen)) {
        const standings = await this.#standings(seen.seats);
        const free = seen.seats.filter((_, index) => standings[index] === 'free');
        if (free.length === 0) return standings.includes('undecided') ? 'undecided' : 'full';
        await stores.seats.prune(place, seen, free); // or another did: look again
      }
      const refused = await this.#sit(shard);
      if (refused === 'seated') return 'seated';
      seen = refused;
    }
    return 'undecided';
  }

  async #sit(shard: number): Promise<'seated' | SeatShard> {
    const { seats } = this.#frontDoor.stores;
    const place = { ...this.#place, shard };
    const seating = await seats.take(place, this.#seat, this.#shardLimit(shard));
    if (seating.kind === 'seated') return 'seated';
    if (!this.#hasRoom(shard, seating.current)) return seating.current;
    // Full as it is, but not for this client: seats of its own do not count.
    const again = await seats.takeAsSeen(place, this.#seat, seating.current);
    return again.kind === 'seated' ? 'seated' : again.current;
  }

  #shardLimit(shard: number): number {
    return shardLimit(this.#limit.limit, this.#limit.shards, shard);
  }

  #hasRoom(shard: number, { seats }: SeatShard): boolean {
    const others = counted(seats, this.#limit.scope, this.#seat.client);
    return others.length < this.#shardLimit(shard) && seats.length < shardEntriesMax;
  }

  async #standings(seats: readonly Seat[]): Promise<readonly SeatStanding[]> {
    const { clock, stores } = this.#frontDoor;
    const names = seats.map((seat) => seat.session);
    const sessions = await stores.sessions.getMany(this.#place.hub, names);
    const ids = new Set(sessions.flatMap((session) => session?.memberId ?? []));
    const members = await stores.members.getMany([...ids]);
    const byId = new Map(members.map((member) => [member.memberId, member]));
    const nowMs = clock.nowMs();
    return seats.map((seat, index) => {
      const session = sessions[index];
      const member = session && byId.get(session.memberId);
      return standingOfSeat(seat, session, member, nowMs);
    });
  }
}
