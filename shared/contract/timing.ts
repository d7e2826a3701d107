import { assert } from '#shared/kernel/assert.ts';

/** The clockwork both planes share, milliseconds. See `docs/architecture.md`, "Time". */
export interface Timing {
  /** A member sends a heartbeat this often. */
  readonly heartbeatEveryMs: number;
  /** A member fences itself this long after its last acknowledged heartbeat was *sent*. */
  readonly fenceAfterMs: number;
  /** What two clocks may disagree by over one lease, stalls included. */
  readonly clockErrorMs: number;
  /** The control plane calls a member lost this long after its last heartbeat was stored. */
  readonly leaseTtlMs: number;
}

/** The timing every cluster runs with; a join tells it to the member. */
export const timing: Timing = {
  heartbeatEveryMs: 2_000,
  fenceAfterMs: 6_000,
  clockErrorMs: 1_000,
  leaseTtlMs: 8_000,
};

/** I2: the fence always comes before the takeover, and one lost heartbeat never fences. */
export function assertTiming(candidate: Timing): void {
  assert(
    2 * candidate.heartbeatEveryMs < candidate.fenceAfterMs,
    'one lost heartbeat must not fence: 2 x heartbeatEveryMs < fenceAfterMs',
  );
  assert(
    candidate.fenceAfterMs + candidate.clockErrorMs < candidate.leaseTtlMs,
    'fence before takeover: fenceAfterMs + clockErrorMs < leaseTtlMs',
  );
}

assertTiming(timing);

/** A ticket lives this long; checked when it is redeemed (SoftEther's TICKET_EXPIRES). */
export const ticketTtlMs = 60_000;
/** Tickets and session keys are this many random bytes (protocol/04 §1, protocol/05 §1). */
export const ticketBytes = 20;
