import * as z from 'zod';
import type { SeatRef } from '#shared/contract/ticket.ts';
import { type HubName, nameKey } from '#shared/kernel/ids.ts';
import { type Seat, type SeatScope, seatHeldMs, shardEntriesMax } from '../domain/seat.ts';
import { hubPartition, keyOf, seatPrefix } from './keys.ts';
import { itemsUnder } from './pages.ts';
import {
  all,
  any,
  attributeAbsent,
  below,
  type Condition,
  type Item,
  is,
  itemAbsent,
  type Key,
  type Table,
} from './table.ts';

/** One shard of a limit's seats. */
export interface SeatShard {
  /** Grows with every write. */
  readonly version: number;
  readonly seats: readonly Seat[];
}

/** Where a shard is kept. `user` counts for the user's scope only. */
export interface SeatPlace {
  readonly hub: HubName;
  readonly scope: SeatScope;
  readonly user: string;
  readonly shard: number;
}

export type Seating =
  | { readonly kind: 'seated' }
  | { readonly kind: 'refused'; readonly current: SeatShard };

const shardSchema = z.object({ taken: z.number().int(), version: z.number().int() });
const seatSchema = z.object({ client: z.string(), heldUntilMs: z.number().int() });
/** Each seat is an attribute of its shard, named by the session, beside the number of them. */
const attributePrefix = 'seat:';

/** A thousand shards of each of the hub's own limits, and one of each user's. */
const itemsMax = 13_000;

/**
 * Seats under the limits of a hub and of its users (ADR 0013). Taking one is one write, conditional
 * on there being room: of more logins at once than seats, exactly as many are seated as there are.
 */
export class SeatStore {
  readonly #table: Table;

  constructor(table: Table) {
    this.#table = table;
  }

  /** Sit down if fewer than `limit` are taken. Our own retried success counts as seated. */
  async take(place: SeatPlace, seat: Seat, limit: number): Promise<Seating> {
    if (limit <= 0) return { kind: 'refused', current: await this.#get(place) };
    return this.#sit(place, seat, any(itemAbsent, below('taken', limit)));
  }

  /** Sit down in a shard that is as it was `seen`: whoever decided looked at each seat. */
  async takeAsSeen(place: SeatPlace, seat: Seat, seen: SeatShard): Promise<Seating> {
    return this.#sit(place, seat, is('version', seen.version));
  }

  /** Free seats nobody sits on any more, if nothing changed since they were looked at. */
  async prune(place: SeatPlace, seen: SeatShard, free: readonly Seat[]): Promise<boolean> {
    const outcome = await this.#table.update(
      keyOfPlace(place),
      {
        add: { taken: -free.length, version: 1 },
        remove: free.map((seat) => attributeOf(seat.session)),
      },
      is('version', seen.version),
    );
    return outcome.kind === 'written';
  }

  /** Get up. Told twice, or after the seat was pruned, it changes nothing. */
  async release(hub: HubName, user: string, session: string, ref: SeatRef): Promise<void> {
    const attribute = attributeOf(session);
    await this.#table.update(
      keyOfPlace({ hub, user, ...ref }),
      { add: { taken: -1, version: 1 }, remove: [attribute] },
      { kind: 'present', attribute },
    );
  }

  /**
   * Seat a session again that is there beyond doubt, whether there is room or not: it lived on
   * while its member could not be reached and its seat may have been given away. What is counted
   * is true again, and shrinks below the limit by itself.
   */
  async restore(place: SeatPlace, seat: Seat): Promise<void> {
    await this.#sit(place, seat, any(itemAbsent, below('taken', shardEntriesMax)));
  }

  /** The shards with these numbers, at most 100. */
  async getMany(place: SeatPlace, shards: readonly number[]): Promise<readonly SeatShard[]> {
    const keys = shards.map((shard) => keyOfPlace({ ...place, shard }));
    return (await this.#table.getMany(keys)).map(shardOf);
  }

  /** Remove the shards of a hub in which nobody sat down after `beforeMs`. */
  async clear(hub: HubName, beforeMs: number): Promise<void> {
    const stale: { readonly key: Key; readonly version: number }[] = [];
    for await (const item of itemsUnder(this.#table, hubPartition(hub), seatPrefix, itemsMax)) {
      const { seats, version } = shardOf(item);
      const isStale = seats.every((seat) => seat.heldUntilMs <= beforeMs + seatHeldMs);
      if (isStale) stale.push({ key: { pk: item.pk, sk: item.sk }, version });
    }
    for (const { key, version } of stale) await this.#table.delete(key, is('version', version));
  }

  async #get(place: SeatPlace): Promise<SeatShard> {
    return shardOf(await this.#table.get(keyOfPlace(place)));
  }

  async #sit(place: SeatPlace, seat: Seat, condition: Condition): Promise<Seating> {
    const attribute = attributeOf(seat.session);
    const { client, heldUntilMs } = seat;
    const outcome = await this.#table.update(
      keyOfPlace(place),
      { set: { [attribute]: { client, heldUntilMs } }, add: { taken: 1, version: 1 } },
      all(attributeAbsent(attribute), condition),
    );
    if (outcome.kind === 'written') return { kind: 'seated' };
    const current = shardOf(outcome.current);
    const ours = current.seats.some(
      (one) => one.session === nameKey(seat.session) && one.heldUntilMs === heldUntilMs,
    );
    return ours ? { kind: 'seated' } : { kind: 'refused', current };
  }
}

function keyOfPlace({ hub, scope, user, shard }: SeatPlace): Key {
  return keyOf.seats(hub, scope === 'user' ? { user } : scope, shard);
}

function attributeOf(session: string): string {
  return `${attributePrefix}${nameKey(session)}`;
}

function shardOf(item: Item | undefined): SeatShard {
  if (item === undefined) return { version: 0, seats: [] };
  const seats = Object.entries(item).flatMap(([name, value]) =>
    name.startsWith(attributePrefix)
      ? [{ session: name.slice(attributePrefix.length), ...seatSchema.parse(value) }]
      : [],
  );
  return { version: shardSchema.parse(item).version, seats };
}
