import { z } from 'zod';
import { type SessionReport, sessionReportSchema } from '#shared/contract/heartbeat.ts';
import { type HubName, hubName, type MemberId, memberId } from '#shared/kernel/ids.ts';
import { hubPartition, keyOf, sessionPrefix } from './keys.ts';
import { itemsUnder } from './pages.ts';
import { all, always, below, type Item, is, itemAbsent, type Table } from './table.ts';

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
    const attributes = { ...report, memberId: member, memberEpoch };
    const first = await this.#table.put(key, attributes, itemAbsent);
    if (first.kind === 'refused') {
      const sameMember = is('memberId', member);
      await this.#table.put(key, attributes, all(sameMember, below('memberEpoch', memberEpoch)));
    }
    return first.kind === 'written';
  }

  /** Strike out a session that ended on this member; another member's stays. */
  async close(member: MemberId, hub: HubName, name: string): Promise<void> {
    await this.#table.delete(keyOf.session(hub, name), is('memberId', member));
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
