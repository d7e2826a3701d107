import type { MemberId } from '#shared/kernel/ids.ts';
import { firstWatchChain, standingOfWatch, type WatchLink } from '../domain/watch-chain.ts';
import { keyOf } from './keys.ts';
import type { Member } from './member-item.ts';
import { all, attributeAbsent, type Condition, is, isNot, type Table } from './table.ts';

/** Which chain of messages watches a member: one attribute of its item (see `watch-chain.ts`). */
export class WatchStore {
  readonly #table: Table;

  constructor(table: Table) {
    this.#table = table;
  }

  /** Whether this message watches the member as read; a new name is claimed for the chain. */
  async accept(member: Member, link: WatchLink, nowMs: number): Promise<boolean> {
    const standing = standingOfWatch(link, member.watch);
    if (standing !== 'to-be-claimed') return standing === 'accepted';
    return this.#claim(member.memberId, member.epoch, link, nowMs);
  }

  /** Our own retried success counts as claimed. */
  async #claim(
    id: MemberId,
    epoch: number,
    { chain, after }: WatchLink,
    nowMs: number,
  ): Promise<boolean> {
    const outcome = await this.#table.update(
      keyOf.member(id),
      { set: { watch: chain, watchedMs: nowMs } },
      all(is('epoch', epoch), isNot('state', 'terminated'), hasName(after)),
    );
    return outcome.kind === 'written' || outcome.current?.['watch'] === chain;
  }
}

function hasName(name: string | undefined): Condition {
  return name === undefined || name === firstWatchChain
    ? attributeAbsent('watch')
    : is('watch', name);
}
