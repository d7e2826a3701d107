/** What a member's record says of those who were sent to it and are not seen there yet. */
export interface Booked {
  readonly capacity: number;
  /** As of the last heartbeat, like `awaited`. */
  readonly sessions: number;
  readonly awaited?: number | undefined;
  /** Clients admitted and not among the sessions; those of them admitted since that heartbeat. */
  readonly reserved: number;
  readonly reservedNew: number;
  /** What hubs claimed for it usually have and it does not await by itself yet; likewise. */
  readonly pledged?: number | undefined;
  readonly pledgedNew?: number | undefined;
}

/** What remains of reservations and pledges after a heartbeat. */
export interface Remaining {
  readonly reserved: number;
  readonly pledged: number;
  readonly headroom: number;
}

/**
 * An admitted client shows up among the sessions, or does not come; a claimed hub shows up by what
 * the member awaits. Whoever was sent before the last heartbeat and is still missing is no longer
 * counted, so that an invocation that died, or a client that gave up, holds a place for two
 * heartbeats at most. Pledges never take headroom: they say who usually comes, not who may.
 */
export function remainingAfter(
  booked: Booked,
  observed: { readonly sessions: number; readonly awaited?: number | undefined },
): Remaining {
  const arrived = Math.max(0, observed.sessions - booked.sessions);
  const reserved = Math.max(0, Math.min(booked.reserved - arrived, booked.reservedNew));
  const shown = expectedOf(observed) - expectedOf(booked);
  const { pledged = 0, pledgedNew = 0 } = booked;
  return {
    reserved,
    pledged: Math.max(0, Math.min(pledged - Math.max(0, shown), pledgedNew)),
    headroom: booked.capacity - observed.sessions - reserved,
  };
}

function expectedOf(load: { sessions: number; awaited?: number | undefined }): number {
  return load.sessions + (load.awaited ?? 0);
}
