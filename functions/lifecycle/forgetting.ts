import type { MemberId } from '#shared/kernel/ids.ts';
import type { Stores } from '../store/stores.ts';

/** What a terminated member's sessions left is struck out, and it is no longer listed. */
export async function forget(stores: Stores, id: MemberId): Promise<void> {
  const member = await stores.members.get(id);
  await stores.sweeps.request();
  if (member?.state === 'terminated') await stores.members.forget(id, member.epoch);
}
