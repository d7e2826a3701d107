import { type MemberId, machineOf, memberIdOn } from '#shared/kernel/ids.ts';

/** What a member's own heartbeats say about whether clients reach it (ADR 0015). */
export interface Trial {
  /** Clients sent to it in a row that did not come, since one last did. */
  readonly unredeemed?: number | undefined;
  /** When the last of them was given up; 0 or absent: it is not suspected. */
  readonly suspectedMs?: number | undefined;
}

/** So many clients in a row that do not come are more than bad luck. */
export const suspectAfter = 3;
/** A suspected member is tried again after this long, by one client at a time. */
export const suspectedForMs = 30_000;

/**
 * The trial after a heartbeat, undefined if it stays as it is. Any session that opened proves that
 * clients get through; a reservation that is given up without one is a client that did not.
 */
export function trialAfter(
  member: Trial & { readonly sessions: number; readonly reserved: number },
  observed: { readonly sessions: number; readonly opened: readonly unknown[] },
  remainingReserved: number,
  nowMs: number,
): { readonly unredeemed: number; readonly suspectedMs: number } | undefined {
  const { unredeemed = 0 } = member;
  if (observed.opened.length > 0 || observed.sessions > member.sessions) {
    return unredeemed === 0 ? undefined : { unredeemed: 0, suspectedMs: 0 };
  }
  const givenUp = member.reserved - remainingReserved;
  if (givenUp <= 0) return undefined;
  const now = unredeemed + givenUp;
  return { unredeemed: now, suspectedMs: now >= suspectAfter ? nowMs : 0 };
}

/** Suspected, and it is not yet time to try, or somebody is trying. */
export function isSuspected(
  { unredeemed = 0, suspectedMs = 0, reserved }: Trial & { readonly reserved: number },
  nowMs: number,
): boolean {
  if (!isOnTrial({ unredeemed })) return false;
  return nowMs < suspectedMs + suspectedForMs || reserved > 0;
}

/** It was suspected and nobody has got through since: one client at a time is sent there. */
export function isOnTrial({ unredeemed = 0 }: Trial): boolean {
  return unredeemed >= suspectAfter;
}

/** Clients remembered by a member's item, by slot: it must stay small, for it is written often. */
export const sentSlots = 8;
const tagCharacters = 8;
/** Genuine clients wait at least 5 s before they come back; sooner is another session. */
const backAfterMs = 4_000;
const rememberedMs = 60_000;

/** Who was sent to a member lately and has not been seen there, by slot. */
export type Sent = Readonly<Record<string, string>>;

/** Where a client is remembered, and as what; undefined for one that cannot be told from others. */
export function sentMark(
  client: string,
  nowMs: number,
): { readonly slot: string; readonly mark: string } | undefined {
  if (client === '') return undefined;
  const tag = client.slice(0, tagCharacters);
  const slot = String(tag.charCodeAt(0) % sentSlots);
  return { slot, mark: `${tag}${Math.floor(nowMs / 1_000).toString(36)}` };
}

/** The slots of clients that have arrived. */
export function arrivedSlots(sent: Sent, clients: Iterable<string>): readonly string[] {
  const slots = new Set<string>();
  for (const client of clients) {
    const known = slotOf(sent, client);
    if (known !== undefined) slots.add(known);
  }
  return [...slots];
}

/** Whether this client was sent to the member a moment ago and was not seen there. */
export function wasInVain(sent: Sent, client: string, nowMs: number): boolean {
  const slot = slotOf(sent, client);
  if (slot === undefined) return false;
  const sentMs = Number.parseInt((sent[slot] ?? '').slice(tagCharacters), 36) * 1_000;
  return nowMs - sentMs >= backAfterMs && nowMs - sentMs <= rememberedMs;
}

function slotOf(sent: Sent, client: string): string | undefined {
  const slot = sentMark(client, 0)?.slot;
  if (slot === undefined) return undefined;
  return sent[slot]?.startsWith(client.slice(0, tagCharacters)) ? slot : undefined;
}

/**
 * Where a client is not to be sent that was just sent in vain to some, if there is anywhere else:
 * there, of course. Nor, if that was at a further port of a machine, to any further port: its
 * network may let it out to the first ones only, as it let it reach the front door. Nor to the
 * neighbours on that machine, which may be gone with all its members (ADR 0030).
 */
export function outOfReach(
  inVain: ReadonlySet<MemberId>,
  members: readonly { readonly memberId: MemberId }[],
): ReadonlySet<MemberId> {
  const ids = members.map(({ memberId }) => memberId);
  const machines = new Set([...inVain].map(machineOf));
  const further = [...inVain].some(isFurther) ? ids.filter(isFurther) : [];
  const neighbours = ids.filter((id) => machines.has(machineOf(id)));
  const strictest = [[...further, ...neighbours], further].map(
    (some) => new Set([...inVain, ...some]),
  );
  return strictest.find((set) => ids.some((id) => !set.has(id))) ?? inVain;
}

function isFurther(id: MemberId): boolean {
  return id !== memberIdOn(machineOf(id), 0);
}

/**
 * Those a client should be sent to: not where it was just sent in vain, and not where nobody seems
 * to get through. If that leaves nobody, it is not known better: then these too.
 */
export function trusted<
  M extends Trial & { readonly memberId: MemberId; readonly reserved: number },
>(members: readonly M[], inVain: ReadonlySet<MemberId>, nowMs: number): readonly M[] {
  const others = members.filter((member) => !inVain.has(member.memberId));
  const among = others.length > 0 ? others : members;
  const unsuspected = among.filter((member) => !isSuspected(member, nowMs));
  return unsuspected.length > 0 ? unsuspected : among;
}
