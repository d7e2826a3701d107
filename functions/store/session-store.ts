import * as z from 'zod';
import { type SessionReport, sessionReportSchema } from '#shared/contract/heartbeat.ts';
import { type HubName, hubName, type MemberId, memberId } from '#shared/kernel/ids.ts';
import { endedKeptMs } from '../domain/sweep.ts';
import { attributesOf } from './attributes.ts';
import { hubPartition, keyOf, sessionPrefix } from './keys.ts';
import { itemsUnder } from './pages.ts';
import {
  all,
  any,
  attributeAbsent,
  below,
  type Condition,
  getManyMax,
  type Item,
  is,
  itemAbsent,
  type Table,
} from './table.ts';

/** A session as its member reported it. Of a member whose epoch is over, it is a dead one. */
const sessionSchema = sessionReportSchema.extend({
  memberId: z.string().transform(memberId),
  memberEpoch: z.number().int().positive(),
});

export type SessionRecord = Readonly<z.infer<typeof sessionSchema>>;

/** Most sessions of one hub (protocol/06 §1). */
export const sessionsMax = 100_000;

export type Opening =
  | 'first'
  /** It was told before, or a higher epoch has told it. */
  | 'known'
  /** It has ended: whoever tells of its beginning now was overtaken. */
  | 'ended';

/**
 * What a session leaves behind that ended soon after it was told last: a telling that is still
 * under way, in an invocation that stalled, would list it again for as long as its member lives.
 * One that was told long ago leaves nothing. Swept by the table's TTL, or by a walk.
 */
export const endedAttribute = 'endedMs';
/** A session that is told again and again was told as stored at most this long ago. */
const retoldAfterMs = 60_000;

export class SessionStore {
  readonly #table: Table;

  constructor(table: Table) {
    this.#table = table;
  }

  async get(hub: HubName, name: string): Promise<SessionRecord | undefined> {
    const item = await this.#table.get(keyOf.session(hub, name));
    return sessionOf(item);
  }

  /**
   * Write down an opened session, once. A member that joined anew tells its surviving sessions
   * again, which moves them to its new epoch. One that has ended stays so.
   */
  async open(
    member: MemberId,
    memberEpoch: number,
    report: SessionReport,
    nowMs: number,
  ): Promise<Opening> {
    const key = keyOf.session(hubName(report.hub), report.name);
    const attributes = attributesOf({ ...report, memberId: member, memberEpoch, toldMs: nowMs });
    const first = await this.#table.put(key, attributes, itemAbsent);
    if (first.kind === 'written') return 'first';
    const again = await this.#table.put(
      key,
      attributes,
      all(
        running(member),
        any(
          below('memberEpoch', memberEpoch),
          all(is('memberEpoch', memberEpoch), below('toldMs', nowMs - retoldAfterMs)),
        ),
      ),
    );
    const current = again.kind === 'refused' ? again.current : undefined;
    return current?.[endedAttribute] === undefined ? 'known' : 'ended';
  }

  /** The sessions of a hub with these names, in their order; undefined where there is none. */
  async getMany(
    hub: HubName,
    names: readonly string[],
  ): Promise<readonly (SessionRecord | undefined)[]> {
    const sessions: (SessionRecord | undefined)[] = [];
    for (let from = 0; from < names.length; from += getManyMax) {
      const keys = names.slice(from, from + getManyMax).map((name) => keyOf.session(hub, name));
      const items = await this.#table.getMany(keys);
      sessions.push(...items.map(sessionOf));
    }
    return sessions;
  }

  /**
   * Strike out a session that ended on this member, or is to, and tell what it was; another's
   * stays.
   */
  async close(
    member: MemberId,
    hub: HubName,
    name: string,
    nowMs: number,
  ): Promise<SessionRecord | undefined> {
    const key = keyOf.session(hub, name);
    const toldLongAgo = all(running(member), below('toldMs', nowMs - endedKeptMs));
    const deleted = await this.#table.delete(key, toldLongAgo);
    if (deleted.kind === 'written') return sessionOf(deleted.item);
    const session = sessionOf(deleted.current);
    if (session === undefined || session.memberId !== member) return undefined;
    const { memberId: id, memberEpoch } = session;
    const ttl = Math.ceil((nowMs + endedKeptMs) / 1_000);
    const remains = { memberId: id, memberEpoch, [endedAttribute]: nowMs, ttl };
    const ended = await this.#table.put(key, remains, running(member));
    const isOurs = ended.kind === 'written' || ended.current?.[endedAttribute] === nowMs;
    return isOurs ? session : undefined;
  }

  /** Every stored session of a hub, dead ones included: see {@link SessionRecord}. */
  async *list(hub: HubName): AsyncGenerator<SessionRecord> {
    const partition = hubPartition(hub);
    for await (const item of itemsUnder(this.#table, partition, sessionPrefix, sessionsMax)) {
      const session = sessionOf(item);
      if (session !== undefined) yield session;
    }
  }
}

/** Undefined for what is left of one that has ended. */
function sessionOf(item: Item | undefined): SessionRecord | undefined {
  if (item === undefined || item[endedAttribute] !== undefined) return undefined;
  return sessionSchema.parse(item);
}

/** It is this member's and has not ended. */
function running(member: MemberId): Condition {
  return all(is('memberId', member), attributeAbsent(endedAttribute));
}
