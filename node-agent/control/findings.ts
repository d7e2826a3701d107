import {
  type Finding,
  type FoundAddress,
  foundAddressesMax,
  foundBytesMax,
  type Inquiry,
} from '#shared/contract/inquiry.ts';
import type { Clock } from '#shared/kernel/clock.ts';
import type { LearnedTable } from '../switch/learned.ts';

/** Beside an address's own texts: numbers, commas, brackets. */
const addressBytesMax = 64;

/** Look into a hub's table, or forget one address; a hub that does not run here knows nothing. */
export function findingOf(
  { id, forget }: Pick<Inquiry, 'id' | 'forget'>,
  table: LearnedTable | undefined,
  clock: Clock,
): Finding {
  if (table === undefined) return { id, total: 0, forgotten: false, owners: [], addresses: [] };
  const forgotten = forget !== undefined && table.forget(forget);
  const listed = forget === undefined ? listOf(table, clock) : { owners: [], addresses: [] };
  return { id, total: table.size, forgotten, ...listed };
}

function listOf(table: LearnedTable, clock: Clock): Pick<Finding, 'owners' | 'addresses'> {
  const epochMs = clock.nowMs() - clock.monotonicMs();
  const unixMs = (monotonicMs: number): number => Math.max(0, Math.round(epochMs + monotonicMs));
  const places = new Map<string, number>();
  const addresses: FoundAddress[] = [];
  let bytes = 0;
  for (const { key, text, vlanId, owner, createdMs, seenMs, leased } of table.latest()) {
    const place = places.get(owner) ?? places.size;
    bytes += addressBytesMax + text.length + (place === places.size ? 2 * owner.length : 0);
    if (addresses.length === foundAddressesMax || bytes > foundBytesMax) break;
    places.set(owner, place);
    addresses.push([key, text, vlanId, place, unixMs(createdMs), unixMs(seenMs), leased]);
  }
  return { owners: [...places.keys()], addresses };
}
