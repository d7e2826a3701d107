import * as z from 'zod';
import { type WitnessEndpoint, witnessEndpointSchema } from '#shared/contract/peers.ts';
import {
  type MachineId,
  type MemberId,
  machineOf,
  memberId,
  memberIdOn,
} from '#shared/kernel/ids.ts';
import { below, type Random } from '#shared/kernel/random.ts';
import { keyOf } from './keys.ts';
import { itemsUnder } from './pages.ts';
import { all, always, atMost, attributeAbsent, is, itemPresent, type Table } from './table.ts';

/** Most members a cluster lists. */
export const membersMax = 10_000;

/**
 * The list of a large fleet is read again after this long. All list entries share one partition,
 * and reading a thousand of them costs as much as reading seventeen members: a burst of logins that
 * did so each would be throttled. A member that joined is drawn this much later; what is drawn is
 * read by its own key, so that a list out of date decides nothing.
 */
export const rosterKeptMs = 5_000;

/**
 * What peers are told of the list is at most this old: a second in which the heartbeats of a large
 * fleet read it once. ADR 0003 counts on it.
 */
export const rosterFreshMs = 1_000;

/** A member as its peers need to know it. */
export interface RosterEntry {
  readonly memberId: MemberId;
  readonly witness: WitnessEndpoint | undefined;
  /** Lost, drained or terminated, and not back: it has no lease and can be given nothing. */
  readonly gone: boolean;
}

/** Ids drawn from the list, and how many are on it. */
export interface Draw {
  readonly ids: readonly MemberId[];
  readonly listed: number;
}

/** Who is on the list of members (ADR 0011). Kept across the invocations of one process. */
export class Roster {
  readonly #table: Table;
  #kept: { readonly ids: readonly MemberId[]; readonly readMs: number } | undefined;
  #fresh:
    | { readonly entries: Promise<readonly RosterEntry[]>; readonly readMs: number }
    | undefined;

  constructor(table: Table) {
    this.#table = table;
  }

  /** Ids of all members that have not been removed, in no particular order. */
  async ids(): Promise<readonly MemberId[]> {
    const ids: MemberId[] = [];
    for await (const item of itemsUnder(this.#table, 'FLEET', 'MEMBER#', membersMax)) {
      ids.push(memberId(String(item['memberId'])));
    }
    return ids;
  }

  /** Those of one machine. */
  async idsOn(machine: MachineId): Promise<readonly MemberId[]> {
    const ids: MemberId[] = [];
    const prefix = keyOf.fleet(memberIdOn(machine, 0)).sk; // others may begin with it too
    for await (const item of itemsUnder(this.#table, 'FLEET', prefix, membersMax)) {
      ids.push(memberId(String(item['memberId'])));
    }
    return ids.filter((id) => machineOf(id) === machine);
  }

  /** Everybody listed, in the order of their ids, as of at most {@link rosterFreshMs} ago. */
  entries(nowMs: number): Promise<readonly RosterEntry[]> {
    const ageMs = nowMs - (this.#fresh?.readMs ?? Number.NEGATIVE_INFINITY);
    if (this.#fresh !== undefined && ageMs >= 0 && ageMs < rosterFreshMs) {
      return this.#fresh.entries;
    }
    const entries = this.#readEntries();
    this.#fresh = { entries, readMs: nowMs };
    entries.catch(() => {
      this.#fresh = undefined;
    });
    return entries;
  }

  async #readEntries(): Promise<readonly RosterEntry[]> {
    const entries: RosterEntry[] = [];
    for await (const item of itemsUnder(this.#table, 'FLEET', 'MEMBER#', membersMax)) {
      entries.push(entrySchema.parse(item));
    }
    return entries;
  }

  /** List a member, before there is one: a member is never unlisted. */
  async enter(
    id: MemberId,
    epoch: number,
    witness: WitnessEndpoint | undefined,
    nowMs: number,
  ): Promise<void> {
    const entry = { memberId: id, epoch, listedMs: nowMs, ...(witness && { witness }) };
    await this.#table.put(keyOf.fleet(id), entry, always);
  }

  /** A member that ended at `epoch` has no lease. One that joined anew may. */
  async markGone(id: MemberId, epoch: number): Promise<void> {
    await this.#table.update(
      keyOf.fleet(id),
      { set: { gone: true } },
      all(itemPresent, atMost('epoch', epoch)),
    );
  }

  /** Strike a member that ended at `epoch` off. One that joined anew stays. */
  async strike(id: MemberId, epoch: number): Promise<void> {
    await this.#table.delete(keyOf.fleet(id), atMost('epoch', epoch));
  }

  /**
   * Strike off a name that was found to lead to no member, if it was listed before `sinceMs`: a
   * join died in between. One that is under way has listed its name later, or lists it again.
   */
  async strikeStray(id: MemberId, sinceMs: number): Promise<boolean> {
    const entry = await this.#table.get(keyOf.fleet(id));
    const listedMs = Number(entry?.['listedMs'] ?? 0);
    if (entry === undefined || listedMs >= sinceMs) return false;
    const seen = listedMs === 0 ? attributeAbsent('listedMs') : is('listedMs', listedMs);
    return (await this.#table.delete(keyOf.fleet(id), seen)).kind === 'written';
  }

  /**
   * All ids of a fleet of at most `size`, as listed now; of a larger one `size` by chance. Who is
   * gone for good is not drawn.
   */
  async draw(size: number, nowMs: number, random: Random): Promise<Draw> {
    const ids = this.#recent(nowMs, size) ?? (await this.#idsPresent());
    if (ids.length <= size) return { ids, listed: ids.length };
    if (ids !== this.#kept?.ids) this.#kept = { ids, readMs: nowMs };
    return { ids: drawn(ids, size, random), listed: ids.length };
  }

  async #idsPresent(): Promise<readonly MemberId[]> {
    const entries = await this.#readEntries();
    return entries.filter(({ gone }) => !gone).map((entry) => entry.memberId);
  }

  #recent(nowMs: number, size: number): readonly MemberId[] | undefined {
    const kept = this.#kept;
    if (kept === undefined || kept.ids.length <= size) return undefined;
    const ageMs = nowMs - kept.readMs;
    return ageMs >= 0 && ageMs < rosterKeptMs ? kept.ids : undefined;
  }
}

const entrySchema = z
  .object({
    memberId: z.string().transform(memberId),
    witness: witnessEndpointSchema.optional(),
    gone: z.boolean().optional(),
  })
  .transform(
    ({ memberId: id, witness, gone = false }): RosterEntry => ({ memberId: id, witness, gone }),
  );

/** `size` different ones, every set of them as likely as any other (Floyd's sampling). */
function drawn<T>(list: readonly T[], size: number, random: Random): readonly T[] {
  const chosen = new Set<number>();
  for (let last = list.length - size; last < list.length; last += 1) {
    const index = below(random, last + 1);
    chosen.add(chosen.has(index) ? last : index);
  }
  return list.filter((_, index) => chosen.has(index));
}
