import { createHash } from 'node:crypto';
import type { SeatRef } from '#shared/contract/ticket.ts';
import { ticketTtlMs } from '#shared/contract/timing.ts';
import { type HubName, type MemberId, nameKey } from '#shared/kernel/ids.ts';
import { isAlive, isLive, type Leaseholder } from './lease.ts';

/** What a limit is about: a hub's sessions, its clients', its bridges', one user's (ADR 0013). */
export type SeatScope = SeatRef['scope'];

/** One session's place under a limit. */
export interface Seat {
  /** The session's name, keyed. */
  readonly session: string;
  /** Whose it is, see {@link clientTag}; empty for a client that does not say. */
  readonly client: string;
  /** Until then a ticket may turn into the session, or its first report be on its way. */
  readonly heldUntilMs: number;
}

/** Seats are stored in shards of this many: a write costs what its item weighs. */
const shardSeats = 100;
/**
 * Most entries of one shard whatever the limit (I8): sessions of one installation do not count
 * against themselves, and sessions that outlived their member's epoch come back beyond it.
 */
export const shardEntriesMax = 400;
/**
 * A session is reported this long after its ticket expired at the latest, if its member is heard of
 * at all: the clocks of two invocations, one redemption, one heartbeat.
 */
const reportedWithinMs = 10_000;
/** From sitting down, whose moment the ticket's life is counted from too. */
export const seatHeldMs = ticketTtlMs + reportedWithinMs;

export function shardsFor(limit: number): number {
  return Math.max(1, Math.ceil(limit / shardSeats));
}

/** What one of `shards` may hold, so that together they hold exactly `limit`. */
export function shardLimit(limit: number, shards: number, shard: number): number {
  return Math.floor(limit / shards) + (shard < limit % shards ? 1 : 0);
}

const clientTagCharacters = 12;

/**
 * Which installation of which user: 72 bits that are the same in a login and in the report of the
 * session it leads to. Empty without a `UniqueId`: then every session counts, and none is "the
 * same" as another.
 */
export function clientTag(hub: HubName, user: string, uniqueId: Uint8Array): string {
  if (uniqueId.every((byte) => byte === 0)) return '';
  return createHash('sha256')
    .update(`${nameKey(hub)}\0${nameKey(user)}\0`)
    .update(uniqueId)
    .digest('base64url')
    .slice(0, clientTagCharacters);
}

/** The seats that count against `client`: its own sessions do not, among one user's. */
export function counted(seats: readonly Seat[], scope: SeatScope, client: string): readonly Seat[] {
  if (scope !== 'user' || client === '') return seats;
  return seats.filter((seat) => seat.client !== client);
}

/** Of a session as stored: where it was last reported. */
export interface Whereabouts {
  readonly memberId: MemberId;
  readonly memberEpoch: number;
}

/** A member as far as its sessions' seats go. */
export interface SeatHolder extends Leaseholder {
  /** Heartbeats stored in this epoch. */
  readonly seq: number;
}

/** Survivors of an earlier epoch are told with these many heartbeats of the new one. */
const survivorsToldBySeq = 2;

export type SeatStanding =
  | 'taken'
  | 'free'
  /** Cannot be known now, and will be soon. */
  | 'undecided';

/**
 * Whether a seat of a full shard is held by anyone. A seat is never counted down: it is free when
 * nobody can be sitting there any more. One without a session is somebody's who is on the way, or
 * what an attempt that came to nothing left behind.
 */
export function standingOfSeat(
  seat: Seat,
  session: Whereabouts | undefined,
  member: SeatHolder | undefined,
  nowMs: number,
): SeatStanding {
  if (session === undefined) return seat.heldUntilMs <= nowMs ? 'free' : 'undecided';
  if (member === undefined || !isAlive(member)) return 'free';
  if (member.epoch === session.memberEpoch) return isLive(member, nowMs) ? 'taken' : 'undecided';
  return member.seq < survivorsToldBySeq ? 'undecided' : 'free';
}
