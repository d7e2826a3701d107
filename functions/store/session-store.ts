import { z } from 'zod';
import { type SessionReport, sessionReportSchema } from '#shared/contract/heartbeat.ts';
import { type HubName, hubName, type MemberId, memberId } from '#shared/kernel/ids.ts';
import { attributesOf } from './attributes.ts';
import { hubPartition, keyOf, sessionPrefix } from './keys.ts';
import { itemsUnder } from './pages.ts';
import { all, always, below, getManyMax, type Item, is, itemAbsent, type Table } from './table.ts';

/** A session as its member reported it. Of a member whose epoch is over, it is a dead one. */
const sessionSchema = sessionReportSchema.extend({
  memberId: z.string().transform(memberId),
  memberEpoch: z.number().int().positive(),
});

export type SessionRecord = Readonly<z.infer<typeof sessionSchema>>;

/** Most sessions of one hub (protocol/06 §1). */
export const sessionsMax = 100_000;

export class SessionStore {
  readonly #table: Table;

  constructor(table: Table) {
    this.#table = table;
  }

  async get(hub: HubName, name: string): Promise<SessionRecord | undefined> {
    const item = await this.#table.get(keyOf.session(hub, name));
    return item && sessionOf(item);
  }

  /**
   * Write down an opened session; true only the first time. A member that joined anew tells its
   * surviving sessions again, which moves them to its new epoch.
   */
  async open(member: MemberId, memberEpoch: number, report: SessionReport): Promise<boolean> {
    const key = keyOf.session(hubName(report.hub), report.name);
    const attributes = attributesOf({ ...report, memberId: member, memberEpoch });
    const first = await this.#table.put(key, attributes, itemAbsent);
    if (first.kind === 'refused') {
      const sameMember = is('memberId', member);
      await this.#table.put(key, attributes, all(sameMember, below('memberEpoch', memberEpoch)));
    }
    return first.kind === 'written';
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
      sessions.push(...items.map((item) => item && sessionOf(item)));
    }
    return sessions;
  }

  /** Strike out a session that ended on this member and tell what it was; another's stays. */
  async close(member: MemberId, hub: HubName, name: string): Promise<SessionRecord | undefined> {
    const outcome = await this.#table.delete(keyOf.session(hub, name), is('memberId', member));
    return outcome.kind === 'written' ? sessionOf(outcome.item) : undefined;
  }

  /** Every stored session of a hub, dead ones included: see {@link SessionRecord}. */
  async *list(hub: HubName): AsyncGenerator<SessionRecord> {
    const partition = hubPartition(hub);
    for await (const item of itemsUnder(this.#table, partition, sessionPrefix, sessionsMax)) {
      yield sessionOf(item);
    }
  }

  async remove(hub: HubName, name: string): Promise<void> {
    await this.#table.delete(keyOf.session(hub, name), always);
  }
}

function sessionOf(item: Item): SessionRecord {
  return sessionSchema.parse(item);
}
