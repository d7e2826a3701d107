import type { MemberId } from '#shared/kernel/ids.ts';
import { isAlive, isLive } from '../domain/lease.ts';
import type { Member } from '../store/member-store.ts';
import type { SessionRecord } from '../store/session-store.ts';
import type { AdminPorts } from './method.ts';

/** The members as they are now, and what of the records about them still holds. */
export class Fleet {
  readonly #members: ReadonlyMap<MemberId, Member>;
  readonly #nowMs: number;

  private constructor(members: readonly Member[], nowMs: number) {
    this.#members = new Map(members.map((member) => [member.memberId, member]));
    this.#nowMs = nowMs;
  }

  static async load({ stores, clock }: AdminPorts): Promise<Fleet> {
    return new Fleet(await stores.members.getMany(await stores.members.ids()), clock.nowMs());
  }

  /** Neither drained nor lost nor terminated; by id. */
  members(): readonly Member[] {
    return [...this.#members.values()]
      .filter(isAlive)
      .sort((a, b) => (a.memberId < b.memberId ? -1 : 1));
  }

  /** Those of {@link members} heard of within their lease. */
  live(): readonly Member[] {
    return this.members().filter((member) => isLive(member, this.#nowMs));
  }

  /** Where a session runs; undefined: its record outlived its member. */
  memberOf(session: SessionRecord): Member | undefined {
    const member = this.holder(session);
    return member && isLive(member, this.#nowMs) ? member : undefined;
  }

  /** The member a record names, while it is in the same epoch: it may come back and go on. */
  holder(record: {
    readonly memberId: MemberId;
    readonly memberEpoch: number;
  }): Member | undefined {
    const member = this.#members.get(record.memberId);
    return member?.epoch === record.memberEpoch && isAlive(member) ? member : undefined;
  }
}
